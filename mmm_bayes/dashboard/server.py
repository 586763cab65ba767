"""Serving the dashboard on this machine."""

from __future__ import annotations

import importlib.util
import socket
import threading
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from mmm_bayes.errors import InputError

HOST, PORT = "localhost", 8501


def launch(
    run: Path,
    *,
    rolling: Path | None = None,
    model: Path | None = None,
    host: str = HOST,
    port: int = PORT,
    headless: bool = False,
    say: Callable[[str], None] = print,
) -> None:
    """Serve the dashboard of a run until it is stopped.

    Parameters
    ----------
    run : pathlib.Path
        A run folder.
    rolling : pathlib.Path, optional
        The folder of a rolling job on the same table.
    model : pathlib.Path, optional
        The model file, where it is not a member of the family.
    host : str
        Address to listen on; only this machine can reach the default.
    port : int
        TCP port to listen on.
    headless : bool
        Whether to open no browser. Without a display none is opened anyway.
    say : callable
        Called with one line, the address of the page.

    Raises
    ------
    InputError
        If Streamlit is missing, a folder is not a finished run or rolling job, or the port is
        taken; nothing is served then.
    """
    check_installed()
    check_folders(run, rolling)
    _check_port(host, port)
    from streamlit import config
    from streamlit.web import bootstrap

    # `streamlit run` would ask for an e-mail address and keep the answer in the user's home.
    script = str(Path(__file__).with_name("app.py"))
    options: dict[str, Any] = {
        "server.address": host,
        "server.port": port,
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": False,
        "logger.hideWelcomeMessage": True,
        "logger.level": "warning",
        "client.toolbarMode": "minimal",
        "client.showErrorLinks": False,
        "global.developmentMode": False,
    }
    if headless:
        options["server.headless"] = True
    config._main_script_path = script
    bootstrap.load_config_options(options)
    arguments = ["" if path is None else str(path.resolve()) for path in (run, rolling, model)]
    # Imported in the background, so that the first reader does not wait for it.
    threading.Thread(target=import_module, args=("pymc",), daemon=True).start()
    say(f"{run} is served at http://{host}:{port}/ until stopped with Ctrl+C")
    bootstrap.run(script, False, arguments, options)


def check_installed() -> None:
    """Check that Streamlit is installed.

    Raises
    ------
    InputError
        If it is not.
    """
    if importlib.util.find_spec("streamlit") is None:
        raise InputError(
            "the dashboard needs the package streamlit, which is not installed; install the extra: "
            "pip install 'mmm-bayes[dashboard]'"
        )


def check_folders(run: Path, rolling: Path | None) -> None:
    """Check that the folders are those of a finished run and of a finished rolling job.

    Raises
    ------
    InputError
        If one is not.
    """
    from mmm_bayes.inference.runs import check_finished
    from mmm_bayes.report.rolling.folder import check_finished as check_rolling

    check_finished(run)
    if rolling is not None:
        check_rolling(rolling)


def _check_port(host: str, port: int) -> None:
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise InputError(
            f"--host {host} --port {port}: can't serve there ({error.strerror}); use another "
            "--port, or the address of this machine"
        ) from None
