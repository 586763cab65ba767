#!/bin/sh
# results/: a run of every member on the simulated market that it is meant for, the results that are derived from runs,
# and the classical models. The commands are those of a user; draws are not committed (.gitignore), summaries and pages are.
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/.venv/bin:$PATH"

fit() { # MEMBER MARKET
	rm -rf "results/$2-$1"
	mmm-bayes fit "$1" "data/$2.toml"
}

fit no_mediation mediated
fit full_mediation mediated
fit partial_mediation mediated
mmm-bayes sensitivity results/mediated-partial_mediation --placebo
mmm-bayes optimize results/mediated-partial_mediation
fit partial_mediation owned
fit partial_mediation floored
fit time_varying changing_effect
fit panel panel

three="results/mediated-partial_mediation results/mediated-no_mediation results/mediated-full_mediation"
rm -rf results/comparison results/side-by-side.html results/mediated-rolling results/mediated-baselines
mmm-bayes compare $three --lfo --out results/comparison
mmm-bayes report $three --out results/side-by-side.html
mmm-bayes rolling partial_mediation data/mediated.toml --out results/mediated-rolling
mmm-bayes baselines data/mediated.toml --bayes partial_mediation --out results/mediated-baselines
