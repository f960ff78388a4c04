"""`fajian policy`: the local agreement from its first draft to two signatures under the same text."""

from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fajian.errors import PolicyError
from fajian.law.documents import model_policy, model_text, rules_under
from fajian.law.policy import PolicyFile, PolicyText, read_policy, signatures_beside, write_signatures
from fajian.law.signatures import (
    SIDES,
    Side,
    digest_of,
    is_locked,
    load_key,
    new_key,
    public_text,
    sign_policy,
)

app = typer.Typer(
    help="协作配合意见：起草、检查、签署 / The local agreement: draft, check, sign",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

File = Annotated[Path, typer.Argument(metavar="POLICY", help="政策文件 / the file of the policy")]
Json = Annotated[bool, typer.Option("--json", help="JSON")]
KeyOption = Annotated[Path, typer.Option("--key", help="私钥文件 / file of the private key")]

STANDINGS = {
    "valid": "有效 / valid",
    "missing": "未签 / not signed",
    "unregistered": "未登记公钥（[keys]） / no key registered for this side",
    "other-key": "不是登记的那把公钥 / made with a key that is not registered",
    "other-text": "签后文本已改，不再算数 / the text was changed after it was signed",
    "false": "签名不符 / false signature",
}
PARTIES = {"court": "法院 court", "procuratorate": "检察院 procuratorate"}


@app.command()
def new(file: File) -> None:
    """从示范文本起草 / Begin a policy from the model, with its comments."""
    try:
        with file.open("x", encoding="utf-8") as opened:
            opened.write(model_text())
    except OSError as error:
        raise PolicyError([f"{file}: expected a new file: {error.strerror}"]) from error
    typer.echo(f"已写入 / written: {file}", err=True)


@app.command()
def key(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="私钥存于此新文件 / a new file")],
    passphrase: Annotated[
        bool, typer.Option("--passphrase", help="设口令 / guard it with a passphrase")
    ] = False,
) -> None:
    """生成一对密钥，打印公钥 / Make a pair of keys; print the public one, for [keys] of the policy."""
    secret = (
        typer.prompt("口令 / passphrase", hide_input=True, confirmation_prompt=True) if passphrase else None
    )
    print(public_text(new_key(file, secret).public_key()))
    typer.echo(f"私钥 / private key: {file}（请妥善保管 / keep it safe）", err=True)


@app.command()
def check(file: File, as_json: Json = False) -> None:
    """检查：逐行指出问题 / Check the text: every problem with its line. Exit 1 where there is one."""
    problems: list[str] = []
    try:
        policy = read_policy(file)
        rules_under(policy)
    except PolicyError as error:
        problems = list(error.problems)
    if as_json:
        print(orjson.dumps({"file": str(file), "problems": problems}).decode())
    else:
        print("\n".join(problems) or f"{file}: 没有问题 / no problem found")
    raise typer.Exit(1 if problems else 0)


@app.command()
def sign(
    file: File,
    side: Annotated[str, typer.Option(help="代表哪一方 / for which side: court | procuratorate")],
    key_file: KeyOption,
) -> None:
    """签署：签的是内容，注释和排版不计 / Sign the meaning of the text, for one side."""
    signer = _side(side)
    policy = read_policy(file)
    rules_under(policy)
    secret = unlock(key_file)
    mine = public_text(secret.public_key())
    registered = policy.table.get("keys", {}).get(signer)
    if registered != mine:
        raise policy.complaint(
            [
                (
                    ("keys", signer),
                    f"应为签署所用公钥 / expected the key that signs, {mine}, got {registered!r}",
                )
            ]
        )
    signatures = {**policy.signatures, signer: sign_policy(policy.table, signer, secret)}
    write_signatures(signatures_beside(file), signatures)
    print("\n".join(standing_lines(read_policy(file))))


@app.command()
def show(
    file: Annotated[
        Path | None, typer.Argument(metavar="[POLICY]", help="默认示范文本 / default: the model")
    ] = None,
    as_json: Json = False,
) -> None:
    """全文要点与签署情况 / What a policy says, and who has signed it."""
    policy = read_policy(file) if file else model_policy()
    if as_json:
        print(orjson.dumps(_shape(policy, model=file is None)).decode())
        return
    print("\n".join([*_lines(policy), *standing_lines(policy, model=file is None)]))


def unlock(path: Path) -> Ed25519PrivateKey:
    """Read a private key, and ask for its passphrase where it has one."""
    passphrase = typer.prompt("口令 / passphrase", hide_input=True) if is_locked(path) else None
    return load_key(path, passphrase)


def _side(name: str) -> Side:
    for side in SIDES:
        if side == name:
            return side
    raise typer.BadParameter(
        f"应为 / expected one of {', '.join(SIDES)}, 得到 / got {name}", param_hint="--side"
    )


def standing_lines(policy: PolicyFile, *, model: bool = False) -> list[str]:
    """Say how the signatures stand, and what follows."""
    if model:
        return ["示范文本，无人签署，仅供试用 / the model: nobody signs it, it is for trying things out"]
    rows = [f"{PARTIES[side]:<20} {STANDINGS[standing]}" for side, standing in policy.standing.items()]
    verdict = "双方已签同一文本 / both sides have signed this text"
    if not policy.is_signed:
        verdict = "未成立：各方只收到本方期限提示 / not in force: each side is told of its own duties only"
    return [f"{digest_of(policy.table)}", *rows, verdict]


def _lines(policy: PolicyFile) -> list[str]:
    said = policy.said
    rows: list[tuple[str, Any]] = [
        ("标识 id", f"{said.id} {said.version}（{said.agreement}）"),
        ("法院 court", f"{said.parties.court.name} {said.parties.court.code}"),
        ("检察院 procuratorate", f"{said.parties.procuratorate.name} {said.parties.procuratorate.code}"),
        ("领导小组 leading group", "、".join(said.leading_group.posts)),
        ("办公室 office", "、".join(said.office.posts)),
        (
            "联席会议 joint meeting",
            f"每 {said.meetings.every_months} 个月 / every so many months, {said.meetings.called_by}",
        ),
        ("启用日 go-live", said.go_live or "-"),
        ("答复期 answer window", f"{said.answer_window} 个工作日 / working days"),
        ("等待 grace", f"{said.grace_minutes} 分钟 / minutes"),
        ("迟录 late record", f"{said.late_days} 日以上 / more than so many days"),
        ("认可的规则 approved", "、".join(said.approved) or "-"),
        ("经同意告知 by agreement", "、".join(said.leads_by_policy) or "-"),
        ("暂扣阈值 brake", f"×{said.brake.times}, {said.brake.of_ticks} 次 / ticks, ≥{said.brake.at_least}"),
        ("同类问题 same fault", _same_fault(said)),
        *(("本地期限 local", f"{one.period} {one.length} {one.unit}") for one in said.local),
        *(("停机 outage", f"{one.first}–{one.last} {one.reason}") for one in said.outage),
        *(("可见范围 visibility", f"{one.row}/{one.side}: {one.access}") for one in said.visibility),
        *(
            (
                "预警去向 escalation",
                f"{one.stage}/{one.side}/{one.severity}/{one.topic}: {'、'.join(one.posts)}",
            )
            for one in said.escalation
        ),
    ]
    return [f"{label}: {text}" for label, text in rows]


def _same_fault(said: PolicyText) -> str:
    if said.same_fault is None:
        return "依规则 / as the rows T37 and T37-officer say"
    cases, days = said.same_fault.cases, said.same_fault.days
    return f"{days} 日内 {cases} 件 / {cases} cases within {days} days"


def _shape(policy: PolicyFile, *, model: bool) -> dict[str, Any]:
    return {
        "policy": policy.table,
        "digest": digest_of(policy.table),
        "signatures": "model" if model else policy.standing,
        "signed": model or policy.is_signed,
    }
