"""The life of an enforcement case (`domain/domain.md`, section 4). These tables are the machine.

An act that the law forbids where a case stands may well happen, and then it has happened: triggers find it.
Impossible is only what contradicts the state itself, such as a sale in a closed case.
"""

from collections.abc import Mapping
from typing import Final

from fajian.core.life import Beside, LifeCycle, State, Word

UNKNOWN: Final = "unknown"
APPLIED: Final = "applied"
REFUSED: Final = "refused"
DOCKETED: Final = "docketed"
ASSIGNED: Final = "assigned"
NOTICED: Final = "noticed"
INVESTIGATING: Final = "investigating"
CONTROLLING: Final = "controlling"
DISPOSING: Final = "disposing"
PAYING: Final = "paying"
ROUND_ENDED: Final = "round-ended"
RESTORED: Final = "restored"
CLOSED: Final = "closed"

#: The work itself. It goes to and fro: after a payment the search for more goes on.
ACTS: Final[Mapping[Word, State]] = {
    "NetworkQueried": INVESTIGATING,
    "ClueVerified": INVESTIGATING,
    "InvestigationOpened": INVESTIGATING,
    "PropertyReported": INVESTIGATING,
    "SeizureTookEffect": CONTROLLING,
    "ValuationStarted": DISPOSING,
    "ReferencePriceFixed": DISPOSING,
    "SaleStarted": DISPOSING,
    "AuctionAnnounced": DISPOSING,
    "Sold": DISPOSING,
    "MoneyArrived": PAYING,
    "FinanceNotified": PAYING,
    "MoneyPaid": PAYING,
    "DistributionMade": PAYING,
}
#: What ends the work. A case closed by the end of its round is not over.
ENDS: Final[Mapping[Word, State]] = {
    "RoundEnded": ROUND_ENDED,
    "CaseClosed:round-ended": ROUND_ENDED,
    "CaseClosed": CLOSED,
    "EnforcementTerminated": CLOSED,
}
_PREPARED: Final[Mapping[Word, State]] = {**ACTS, **ENDS}

#: In disposal the search goes on beside it, and a further seizure is not a step back.
_SELLING: Final[Mapping[Word, State]] = {
    **_PREPARED,
    **dict.fromkeys((word for word, then in ACTS.items() if then in (INVESTIGATING, CONTROLLING)), DISPOSING),
}

TRANSITIONS: Final[Mapping[State, Mapping[Word, State]]] = {
    # A case that the bus did not see from its beginning stands where its first fact puts it.
    UNKNOWN: {
        "ApplicationReceived": APPLIED,
        "DocketRefused": REFUSED,
        "CaseDocketed": DOCKETED,
        "UndertakerAssigned": ASSIGNED,
        "EnforcementNoticeIssued": NOTICED,
        **_PREPARED,
        "EnforcementRestored": RESTORED,
    },
    # Acts in a case whose docketing was not reported: it has a number, so it was docketed.
    APPLIED: {
        "ApplicationReceived": APPLIED,
        "CaseDocketed": DOCKETED,
        "DocketRefused": REFUSED,
        "UndertakerAssigned": ASSIGNED,
        "EnforcementNoticeIssued": NOTICED,
        **_PREPARED,
    },
    # The court above may order what was refused to be docketed.
    REFUSED: {"ApplicationReceived": APPLIED, "CaseDocketed": DOCKETED, "DocketRefused": REFUSED},
    DOCKETED: {"UndertakerAssigned": ASSIGNED, "EnforcementNoticeIssued": NOTICED, **_PREPARED},
    ASSIGNED: {"UndertakerAssigned": ASSIGNED, "EnforcementNoticeIssued": NOTICED, **_PREPARED},
    NOTICED: {"UndertakerAssigned": NOTICED, "EnforcementNoticeIssued": NOTICED, **_PREPARED},
    INVESTIGATING: {
        "UndertakerAssigned": INVESTIGATING,
        "EnforcementNoticeIssued": INVESTIGATING,
        **_PREPARED,
    },
    CONTROLLING: {"UndertakerAssigned": CONTROLLING, "EnforcementNoticeIssued": CONTROLLING, **_PREPARED},
    DISPOSING: {"UndertakerAssigned": DISPOSING, "EnforcementNoticeIssued": DISPOSING, **_SELLING},
    PAYING: {"UndertakerAssigned": PAYING, "EnforcementNoticeIssued": PAYING, **_PREPARED},
    # The claim lives on: queries, renewals and money belong to it; what is found is seized at once.
    ROUND_ENDED: {
        "NetworkQueried": ROUND_ENDED,
        "ClueVerified": ROUND_ENDED,
        "SeizureTookEffect": ROUND_ENDED,
        "MoneyArrived": ROUND_ENDED,
        "FinanceNotified": ROUND_ENDED,
        "MoneyPaid": ROUND_ENDED,
        "PropertyFoundAfterRoundEnd": ROUND_ENDED,
        "RoundEnded": ROUND_ENDED,
        "CaseClosed:round-ended": ROUND_ENDED,
        "CaseClosed": CLOSED,
        "EnforcementTerminated": CLOSED,
        "EnforcementRestored": RESTORED,
    },
    # It goes on under another number; what was under way is finished here.
    RESTORED: {
        "MoneyArrived": RESTORED,
        "FinanceNotified": RESTORED,
        "MoneyPaid": RESTORED,
        "NetworkQueried": RESTORED,
        "PropertyFoundAfterRoundEnd": RESTORED,
        "EnforcementRestored": RESTORED,
        "CaseClosed:round-ended": RESTORED,
        "CaseClosed": CLOSED,
        "EnforcementTerminated": CLOSED,
    },
    # Money that is still there is paid out; money that comes afterwards is for T39.
    CLOSED: {
        "MoneyArrived": CLOSED,
        "FinanceNotified": CLOSED,
        "MoneyPaid": CLOSED,
        "CaseClosed": CLOSED,
        "EnforcementTerminated": CLOSED,
    },
}

ENFORCEMENT: Final = LifeCycle(
    states={
        UNKNOWN: "未知",
        APPLIED: "已收申请",
        REFUSED: "不予受理",
        DOCKETED: "已立案",
        ASSIGNED: "已分案",
        NOTICED: "已发执行通知",
        INVESTIGATING: "财产调查",
        CONTROLLING: "财产控制",
        DISPOSING: "财产处置",
        PAYING: "案款发放",
        ROUND_ENDED: "终结本次执行程序",
        RESTORED: "已恢复执行（另立执恢）",
        CLOSED: "结案",
    },
    transitions=TRANSITIONS,
    beside={
        "stayed": Beside("暂缓", frozenset({"Stayed", "StayExtended"}), frozenset({"StayEnded", *ENDS})),
        "suspended": Beside("中止", frozenset({"Suspended"}), frozenset({"Resumed", *ENDS})),
    },
    says={"CaseClosed": "mode"},
    beginnings=frozenset({"CaseDocketed", "DocketRefused"}),
    heralds=frozenset({"ApplicationReceived"}),
)
