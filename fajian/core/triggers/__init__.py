"""When a breach is worth a lead, and which breaches only the facts can show: named pure functions.

`triggers.toml` names them, one row for each trigger. `delay` is about clocks; `acts` and `objects` about what
was done too early or against a bar; `missing` about what was not done; `credit` about money and listings;
`records` about the records themselves; `steps` about what the procuratorate itself decides.
"""

from collections.abc import Mapping

from fajian.core.triggers import acts, credit, delay, missing, objects, records, steps
from fajian.core.triggers.evidence import Evidence, Finder, Finding, Predicate

__all__ = ["FINDERS", "PREDICATES", "Evidence", "Finder", "Finding", "Predicate"]

PREDICATES: Mapping[str, Predicate] = {"always": delay.always, "property-known": delay.property_known}

FINDERS: Mapping[str, Finder] = {
    "act-missing": missing.act_missing,
    "barred-disposal": objects.barred_disposal,
    "defective-reply": records.defective_reply,
    "deferral-by-the-wrong-post": credit.deferral_by_the_wrong_post,
    "doubtful-record": records.doubtful_record,
    "early-distribution": acts.early_distribution,
    "early-round-end": acts.early_round_end,
    "faulty-extension": acts.faulty_extension,
    "faulty-panel": acts.faulty_panel,
    "lapsed-seizure": delay.lapsed_seizure,
    "late-record": records.late_record,
    "listed-but-not-restricted": credit.listed_but_not_restricted,
    "organ-without-assistance": missing.organ_without_assistance,
    "over-seizure": objects.over_seizure,
    "police-without-case": missing.police_without_case,
    "sale-without-seizure": objects.sale_without_seizure,
    "short-notice": objects.short_notice,
    "stay-beyond-its-cap": acts.stay_beyond_its_cap,
    "still-restricted": credit.still_restricted,
    "supervision-steps": steps.supervision_steps,
    "unclaimed-money": missing.unclaimed_money,
    "uncorrected": missing.uncorrected,
    "unlawful-detention": acts.unlawful_detention,
    "wrongful-listing": credit.wrongful_listing,
}
