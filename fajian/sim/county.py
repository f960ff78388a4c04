"""Who takes part in the simulated county. The bodies are real, all that happens to them is made up."""

from typing import Final

COURT_CODE: Final = "皖1324"
COURT: Final = "//court/皖1324"
PROCURATORATE: Final = "//procuratorate/泗检"
OFFICE: Final = "//office/泗县"
DISCIPLINE: Final = "//discipline/泗县"

AGREEMENT: Final = "agreement/model"
