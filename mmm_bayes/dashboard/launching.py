"""Serve the page on this machine."""

from __future__ import annotations

import importlib.util
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mmm_bayes.errors import InputError

HOST, PORT = "localhost", 8501


def launch(
    run: Path,
    *,
    rolling: Path | None = None,
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
    host : str
        Address that is listened to; only this machine can reach the default.
    port : int
    headless : bool
        Open no browser. Without a display none is opened anyway.
    say : callable
        Told where the page is.

    Raises
    ------
    InputError
        Before anything is served: if Streamlit is missing, a folder is not what it should be, or
        the port is taken.
    """
    refuse_missing()
    refuse_folders(run, rolling)
    _refuse_port(host, port)
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
    arguments = [str(path.resolve()) for path in (run, rolling) if path is not None]
    say(f"{run} is shown at http://{host}:{port}/ until it is stopped with Ctrl+C")
    bootstrap.run(script, False, arguments, options)


def refuse_missing() -> None:
    """Refuse to start without Streamlit.

    Raises
    ------
    InputError
    """
    if importlib.util.find_spec("streamlit") is None:
        raise InputError(
            "the dashboard needs the package streamlit, which is not installed; install the extra: "
            "pip install 'mmm-bayes[dashboard]'"
        )


def refuse_folders(run: Path, rolling: Path | None) -> None:
    """Refuse what is not the folder of a run, or of a rolling job.

    Raises
    ------
    InputError
    """
    from mmm_bayes.report.rolling.folder import refuse_unfinished as refuse_rolling
    from mmm_bayes.runs import refuse_unfinished

    refuse_unfinished(run)
    if rolling is not None:
        refuse_rolling(rolling)


def _refuse_port(host: str, port: int) -> None:
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as problem:
        raise InputError(
            f"--host {host} --port {port}: nothing can be served there ({problem.strerror}); take "
            "another --port, or the address of this machine"
        ) from None
