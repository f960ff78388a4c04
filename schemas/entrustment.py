"""Cases, services and files that go from one court to another."""

from pydantic import Field

from schemas.enforcement import Enforcement
from schemas.fields import Day, EntrustmentNo, RequestNo


class EntrustmentDecided(Enforcement, title="决定委托执行"):
    """The case is to be enforced by another court."""

    entrustment_no: EntrustmentNo | None = None
    docketed_day: Day | None = Field(
        None, description="本院立案日 / day on which this court docketed the case"
    )


class EntrustmentSent(Enforcement, title="发出委托手续"):
    """The papers of the entrustment have gone to the other court."""

    entrustment_no: EntrustmentNo | None = None


class EntrustmentReceived(Enforcement, title="收到委托函"):
    """The entrusted court has the letter and the papers."""

    entrustment_no: EntrustmentNo | None = None


class EntrustmentDocketed(Enforcement, title="受托法院立案"):
    """The entrusted court has docketed the case."""

    entrustment_no: EntrustmentNo | None = None


class EntrustmentDocketNoticeReceived(Enforcement, title="收到受托法院立案通知"):
    """The entrusting court knows that the other court has docketed the case."""

    entrustment_no: EntrustmentNo | None = None


class EntrustmentSupplementRequested(Enforcement, title="要求补办委托手续"):
    """The entrusted court asks for what is missing."""

    entrustment_no: EntrustmentNo | None = None


class EntrustmentSupplemented(Enforcement, title="补办委托手续"):
    """What was missing is there, or its absence is explained in writing."""

    entrustment_no: EntrustmentNo | None = None


class EntrustedEnforcementStarted(Enforcement, title="受托法院开始执行"):
    """The entrusted court has begun to enforce."""

    entrustment_no: EntrustmentNo | None = None


class EntrustmentReported(Enforcement, title="函告委托执行情况"):
    """The entrusted court has told the entrusting one how far it has come."""

    entrustment_no: EntrustmentNo | None = None


class ServiceEntrusted(Enforcement, title="收到委托送达"):
    """Another court asks this one to serve a paper."""

    request_no: RequestNo


class EntrustedServiceDone(Enforcement, title="完成受托送达"):
    """The paper is served for the other court."""

    request_no: RequestNo


class FileCalledUp(Enforcement, title="上级法院调卷"):
    """The court above calls for the file."""

    request_no: RequestNo


class FileSentUp(Enforcement, title="向上级移送案卷"):
    """The file has gone to the court above."""

    request_no: RequestNo
