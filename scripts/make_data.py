"""Write one market of each scenario to data/: `make data`."""

from pathlib import Path

from mmm_bayes.studies.simulate import SCENARIOS, save, simulate

DATA = Path(__file__).parents[1] / "data"
SEED = 1

if __name__ == "__main__":
    for scenario in SCENARIOS:
        for path in save(simulate(scenario, seed=SEED), DATA / f"{scenario}.csv"):
            print(path.relative_to(DATA.parent))
