"""For `faust -A fajian.worker worker`: an app with every agent, configured from the environment.

Where several workers share a machine, `FAJIAN_WORKER` names each, and `FAJIAN_WEB_PORT` gives it a port.
"""

from fajian.bootstrap import build_worker
from fajian.settings import load_settings

WEB_PORT = 6066

_settings = load_settings()
app = build_worker(
    _settings,
    name=_settings.worker,
    web_bind=_settings.web_bind,
    web_port=_settings.web_port or WEB_PORT,
).app
