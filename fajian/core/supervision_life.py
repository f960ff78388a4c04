"""The life of a supervision case (`domain/domain.md`, section 5). These tables are the machine.

Whoever applied is told that the application is not supported; what began ex officio is terminated (JOINT 16):
that is why the review has two states. A reply is not a correction, so the correction lies beside the rest.
"""

from collections.abc import Mapping
from typing import Final

from fajian.core.life import Beside, LifeCycle, State, Word

UNKNOWN: Final = "unknown"
APPLIED: Final = "applied"
SUPPLEMENTING: Final = "supplementing"
REFUSED: Final = "refused"
REVIEWING: Final = "reviewing"
REVIEWING_EX_OFFICIO: Final = "reviewing-ex-officio"
DECIDED: Final = "decided"
SENT: Final = "sent"
ANSWERING: Final = "answering"
REPLIED: Final = "replied"
CHECKED: Final = "checked"
FOLLOWED_UP: Final = "followed-up"
NOT_SUPPORTED: Final = "not-supported"
TERMINATED: Final = "terminated"
REFERRED_UP: Final = "referred-up"
WITHDRAWN: Final = "withdrawn"
CLOSED: Final = "closed"

#: The tool of enforcement supervision, from the decision to what came of it.
_SUGGESTION: Final[Mapping[Word, State]] = {
    "SuggestionSent": SENT,
    "SuggestionReceived": ANSWERING,
    "CourtReplied": REPLIED,
    "ResultChecked": CHECKED,
    "FollowedUp": FOLLOWED_UP,
    "EscalatedUp": REFERRED_UP,
    "SuggestionWithdrawn": WITHDRAWN,
    "SupervisionClosed": CLOSED,
}


def _after(*words: Word) -> Mapping[Word, State]:
    return {word: _SUGGESTION[word] for word in words}


TRANSITIONS: Final[Mapping[State, Mapping[Word, State]]] = {
    # A case that the bus did not see from its beginning stands where its first fact puts it.
    UNKNOWN: {
        "SupervisionApplied": APPLIED,
        "SupplementRequired": SUPPLEMENTING,
        "SupervisionRefused": REFUSED,
        "SupervisionAccepted": REVIEWING,
        "ExOfficioStarted": REVIEWING_EX_OFFICIO,
        "ReviewConcluded:suggestion": DECIDED,
        "ReviewConcluded:not-supported": NOT_SUPPORTED,
        "ReviewConcluded:terminated": TERMINATED,
        "ReviewConcluded:refer-up": REFERRED_UP,
        **_SUGGESTION,
    },
    APPLIED: {
        "SupplementRequired": SUPPLEMENTING,
        "SupervisionAccepted": REVIEWING,
        "SupervisionRefused": REFUSED,
        "ExOfficioStarted": REVIEWING_EX_OFFICIO,
    },
    SUPPLEMENTING: {
        "Supplemented": APPLIED,
        "SupplementRequired": SUPPLEMENTING,
        "SupervisionRefused": REFUSED,
        "ExOfficioStarted": REVIEWING_EX_OFFICIO,
    },
    REFUSED: {
        "SupervisionApplied": APPLIED,
        "ExOfficioStarted": REVIEWING_EX_OFFICIO,
        "SupervisionClosed": CLOSED,
    },
    # A suggestion shows that the review is over, to the court as well, which is not told of its conclusion.
    REVIEWING: {
        "ReviewConcluded:suggestion": DECIDED,
        "ReviewConcluded:not-supported": NOT_SUPPORTED,
        "ReviewConcluded:terminated": TERMINATED,
        "ReviewConcluded:refer-up": REFERRED_UP,
        **_after("SuggestionSent", "SuggestionReceived", "SupervisionClosed"),
    },
    REVIEWING_EX_OFFICIO: {
        "ReviewConcluded:suggestion": DECIDED,
        "ReviewConcluded:terminated": TERMINATED,
        "ReviewConcluded:refer-up": REFERRED_UP,
        **_after("SuggestionSent", "SuggestionReceived", "SupervisionClosed"),
    },
    DECIDED: _after("SuggestionSent", "SuggestionReceived", "SuggestionWithdrawn", "SupervisionClosed"),
    SENT: _after("SuggestionSent", "SuggestionReceived", "CourtReplied", "SuggestionWithdrawn"),
    ANSWERING: _after(
        "SuggestionSent",
        "SuggestionReceived",
        "CourtReplied",
        "FollowedUp",
        "EscalatedUp",
        "SuggestionWithdrawn",
    ),
    REPLIED: _after(*_SUGGESTION),
    CHECKED: _after(*_SUGGESTION),
    FOLLOWED_UP: _after(*_SUGGESTION),
    REFERRED_UP: _after(*_SUGGESTION),
    WITHDRAWN: _after("SuggestionSent", "SuggestionWithdrawn", "CourtReplied", "SupervisionClosed"),
    NOT_SUPPORTED: {"SupervisionClosed": CLOSED},
    TERMINATED: {"SupervisionClosed": CLOSED},
    CLOSED: {},
}

SUPERVISION: Final = LifeCycle(
    states={
        UNKNOWN: "未知",
        APPLIED: "已申请",
        SUPPLEMENTING: "补齐材料",
        REFUSED: "不予受理",
        REVIEWING: "审查中（申请）",
        REVIEWING_EX_OFFICIO: "审查中（依职权）",
        DECIDED: "已决定提出检察建议",
        SENT: "已发出检察建议",
        ANSWERING: "法院办理中",
        REPLIED: "法院已回复",
        CHECKED: "处理结果已审查",
        FOLLOWED_UP: "跟进监督",
        NOT_SUPPORTED: "不支持监督申请",
        TERMINATED: "终结审查",
        REFERRED_UP: "提请上级监督",
        WITHDRAWN: "撤回检察建议",
        CLOSED: "办结",
    },
    transitions=TRANSITIONS,
    beside={
        "review-suspended": Beside(
            "中止审查",
            frozenset({"ReviewSuspended"}),
            frozenset(
                {"ReviewResumed", *(word for word in TRANSITIONS[UNKNOWN] if word.startswith("Review"))}
            ),
        ),
        "corrected": Beside("已纠正", frozenset({"CorrectionDone"})),
    },
    says={"ReviewConcluded": "decision"},
    beginnings=frozenset({"SupervisionApplied", "SupervisionAccepted", "ExOfficioStarted"}),
)
