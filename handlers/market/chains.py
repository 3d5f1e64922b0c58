"""Chain sign-ups (接龙): read where somebody posts one, compared with the last version, and taken over."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from community import Community
from community.market.chains import Chain as Kept
from community.market.chains import Entered, Listed, TakenOver, Unclear, Version, Written
from community.market.ledger import places_of
from community.market.outcomes import Board, Event, EventState, Head, SignUpPart, SignUpState
from community.parts.notice import Urgency
from community.parts.questions import Question
from community.refused import Refused
from community.volunteers.skills import fits
from handlers import phrasebook
from handlers.answering import refused_privately
from handlers.hearing.chain import (
    MOST_ENTRIES,
    Chain,
    Entry,
    is_another_name,
    match,
    may_be_chain,
    read_chain,
    with_posters,
)
from handlers.hearing.chain_topics import About, choose
from handlers.hearing.normalise import normalise
from handlers.hearing.sign_ups import find_stall
from handlers.market.wording import CIRCLED, NUMBERS, event_values, left, offers, rolling_values, when
from handlers.messages import Incoming, Message, Plain, Replies, Reply, ask, say, say_in_group
from handlers.routing import Lists, as_replies, router
from handlers.speaking.texts import in_words

RECORD = re.compile(r"\s*代[录錄]\s*(?:[Ee]\s*-?\s*(?P<event>\d{1,6})\s*号?)?[\s:\uff1a,\uff0c]*")
RECORDED = "代录"
"""Stands for the group in which no bot can be."""

LONGEST_TOPIC = 200
LONGEST_ANSWER = 200
NAMES_SHOWN = 12


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a chain stands: a group of a channel, or one that only staff can see."""

    channel: str
    group: str

    @property
    def heard(self) -> bool:
        return bool(self.channel)


def may_be(text: str) -> bool:
    """Whether a text as typed is worth reading as a chain."""
    return may_be_chain(text)


def concerns(incoming: Incoming, community: Community) -> bool:
    """Whether a message in a group is a chain about an event."""
    group = community.groups.find(incoming.channel, incoming.group or "")
    chain = read_chain(incoming.text) if group is not None else None
    if group is None or chain is None:
        return False
    source = _Source(incoming.channel, incoming.group or "")
    boards = community.market.chains.candidates(group.node_id, incoming.received_at)
    return _about(chain, boards, source, incoming, community) is not None


def take(message: Message, community: Community) -> Replies | None:
    """What comes of a chain: in a group one about an event, from staff any that they paste with 「代录」."""
    if RECORD.match(message.words):
        return as_replies(record(message, community))
    chain = read_chain(message.incoming.text) if message.group is not None else None
    if chain is None or message.group is None:
        return None
    source = _Source(message.incoming.channel, message.incoming.group or "")
    boards = community.market.chains.candidates(message.group.node_id, message.received_at)
    board = _about(chain, boards, source, message.incoming, community)
    if board is None:
        return None
    try:
        community.market.chains.check_open(board.event, _part(board, chain), message.received_at)
    except Refused as refused:
        return _not_taken(refused, board.event, chain, source, message, community)
    outcome = _take_over(chain, board, source, message, community)
    return [*_in_group(outcome, source, message, community), *_to_people(outcome, chain, source, message, community)]


router.lists = Lists(may_be, concerns, take)


@router.command("market.record_chain")
@refused_privately
def record(message: Message, community: Community, **_slots: object) -> Replies:
    """「代录 E012」 and below it a chain from a group where no bot can be."""
    found = RECORD.match(message.words)
    pasted = message.words[found.end() :] if found else message.words
    chain = read_chain(pasted) or read_chain(f"#接龙\n{pasted}")
    if chain is None or not chain.entries:
        raise Refused("market_chains.how_to_record")
    board = _board_to_record(chain, found["event"] if found else None, message, community)
    source = _Source("", RECORDED)
    outcome = _take_over(chain, board, source, message, community)
    said = _listed(outcome, chain, community)
    to_people = _to_people(outcome, chain, source, message, community)
    return [*([say_in_group("help.in_private")] if message.in_group else []), said, *to_people]


# --- answers ------------------------------------------------------------------------------------------------


@router.answer("market.chain_removed", "yes", "no", stays_open=True, optional=True)
def removed_answered(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """Somebody else took them out of the chain; the place is theirs until they say so."""
    sign_up_id = int(str(question.about["sign_up"]))
    if choice == "yes":
        head = community.market.ledger.head(community.market.signing_up.own(sign_up_id, message.person))
        return [say("market_chains.stays", stall=head.stall.name, **event_values(head.event, community))]
    return left(community.market.signing_up.leave(sign_up_id, message.person, message.received_at), community)


@router.answer("market.chain_gone", "yes", "no", stays_open=True, optional=True)
def gone_answered(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """Most of a chain was missing at once: whether they are gone, or somebody has only begun it anew."""
    if choice == "no":
        return [say("market_chains.all_stay")]
    outcome = community.market.chains.let_go(int(str(question.about["chain"])), message.person, message.received_at)
    group = outcome.chain.group if outcome.chain.channel else None
    removed = [_ask_removed(each, group, community) for each in outcome.removed]
    return [say("market_chains.all_gone", gone=outcome.gone), *removed, *offers(outcome.offers, community)]


@router.answer("market.chain_own", *NUMBERS, stays_open=True, optional=True)
def own_chosen(message: Message, community: Community, question: Question, choice: str) -> Reply:
    """Which of several entries of their name is theirs; a number beyond them: none."""
    key = question.about.get(f"entry{choice}")
    if key is None:
        return say("market_chains.not_yours")
    chain_id = int(str(question.about["chain"]))
    if community.market.chains.claim(chain_id, int(str(key)), message.person, message.received_at):
        return say("market_chains.yours")
    return say("market_chains.not_any_more")


def _names_a_stall(message: Message, community: Community) -> str | None:
    """「王姐 缝补」, for entries of a chain that named no stall."""
    if len(message.text) > LONGEST_ANSWER or not message.person.id:
        return None
    boards = community.market.signing_up.boards(message.person, None, message.received_at)
    names = {each.stall.name for board in boards for each in board.counts}
    return message.text if find_stall(message.text, names, _alike())[0] else None


@router.answer("market.chain_unclear", "later", stays_open=True, optional=True, otherwise=_names_a_stall)
def unclear_settled(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """The leader says at which stall those are who named none."""
    if choice == "later":
        return [say("market_chains.later")]
    chain = community.market.chains.existing(int(str(question.about["chain"])))
    board = community.market.ledger.board(chain.event_id)
    stalls = _stalls_said(choice, chain, board)
    if not stalls:
        return [ask(question.prompt_key, question.kind, question.about, **question.prompt_values)]
    outcome = community.market.chains.settle(chain.id, stalls, message.person, message.received_at)
    settled = [each for each in outcome.listed if each.entry.key in stalls and each.rows]
    rest = [each for each in outcome.chain.entries if each.unclear]
    said: Replies = [say("market_chains.settled", lines=_stall_lines(settled, board, community))]
    return [*said, *([_ask_unclear(rest, outcome, message.person.id, community)] if rest else [])]


# --- which event --------------------------------------------------------------------------------------------


def _about(
    chain: Chain, boards: Sequence[Board], source: _Source, incoming: Incoming, community: Community
) -> Board | None:
    """The event that a chain is about: that of its last version, else the one that fits its topic."""
    now = incoming.received_at
    events = {each.event.id: each for each in boards}
    known = community.market.chains.known([each.event for each in boards], source.channel, source.group, _topic(chain))
    if known is not None:
        return events[known.event_id]
    ordered = sorted(boards, key=lambda each: (not _is_ahead(each.event, incoming), each.event.begins_at))
    zone = community.rules.zone
    fitting = [
        About(
            each.event.name,
            each.event.place,
            [count.stall.name for count in each.counts],
            each.event.begins_at.astimezone(zone),
        )
        for each in ordered
    ]
    alone = sum(_is_ahead(each.event, incoming) for each in boards) == 1
    home = community.tree.community_of(boards[0].event.node_id) if boards else None
    at = choose(
        chain,
        fitting,
        phrasebook.load().words,
        now.astimezone(zone),
        alone=alone,
        home=home.name if home else "",
    )
    return ordered[at] if at is not None else None


def _is_ahead(event: Event, incoming: Incoming) -> bool:
    return event.state is EventState.OPEN and event.begins_at > incoming.received_at


def _board_to_record(chain: Chain, number: str | None, message: Message, community: Community) -> Board:
    """The event that staff paste a chain for. Raises `Refused`."""
    ledger = community.market.ledger
    if number is not None:
        board = ledger.board(int(number))
        ledger.check_runs(message.person, board.event)
        return board
    node = ledger.community_meant(message.person, message.group.node_id if message.group else None)
    boards = [
        each
        for each in community.market.chains.candidates(node.id, message.received_at)
        if ledger.runs(message.person, each.event)
    ]
    ahead = [each for each in boards if _is_ahead(each.event, message.incoming)]
    if not boards:
        raise Refused(
            "market.none_open" if community.tree.works_at(message.person.id, node.id) else "market.staff_only"
        )
    found = _about(chain, boards, _Source("", RECORDED), message.incoming, community)
    if found is None and len(ahead) == 1:
        return ahead[0]
    if found is None or (len(ahead) > 1 and not chain.topic):
        lines = "\n".join(f"{each.event.number} {each.event.name}" for each in ahead[:NAMES_SHOWN])
        raise Refused("market_chains.which_event", lines=lines) if ahead else Refused("market.none_open")
    return found


def _part(board: Board, chain: Chain) -> SignUpPart:
    """To help; but to take part where there is nothing but one list (a lecture, a course) and no word of helping."""
    stalls = [each.stall for each in board.counts]
    if not any(each.helpers for each in stalls):
        return SignUpPart.VISITOR
    topic, helping = normalise(chain.topic), phrasebook.load().words["chain_helping"]
    takes_part = len(stalls) == 1 and stalls[0].visitors and not any(word in topic for word in helping)
    return SignUpPart.VISITOR if takes_part else SignUpPart.HELPER


def _topic(chain: Chain) -> str:
    return " ".join(normalise(chain.topic).split())[:LONGEST_TOPIC]


# --- reading ------------------------------------------------------------------------------------------------


def _take_over(chain: Chain, board: Board, source: _Source, message: Message, community: Community) -> TakenOver:
    chains, now = community.market.chains, message.received_at
    part = _part(board, chain)
    chains.check_open(board.event, part, now)
    kept = chains.chain(board.event, source.channel, source.group, _topic(chain), now)
    return chains.take_over(_version(chain, kept, board, part, source, message), now)


def _version(chain: Chain, kept: Kept, board: Board, part: SignUpPart, source: _Source, message: Message) -> Version:
    before = Chain("", None, tuple(_entry(each) for each in kept.entries), cut_off=False)
    poster = message.person.id if source.heard else None
    after = with_posters(before, _without_crossed_out(chain), poster)
    matched = match(before, after)
    reader = _StallReader.of(board, part, chain)
    new = [at for at in range(len(after.entries)) if at not in matched.old_of]
    own = _own_by_name(after, new, message.person.name) if source.heard else None
    entries = []
    for at, entry in enumerate(after.entries):
        was = kept.entries[matched.old_of[at]] if at in matched.old_of else None
        posted_by = entry.posted_by or (message.person.id if at == own else None)
        if at in new and is_another_name(entry.name, message.person.name):
            posted_by = None  # they have written somebody else in
        changed = at in matched.changed
        entries.append(_written(entry, posted_by, reader.stall_of(entry), was, changed=changed))
    shown = set(matched.old_of.values()) | set(matched.left)
    return Version(
        kept,
        part,
        tuple(entries),
        tuple(kept.entries[at] for at in matched.left),
        tuple(each for at, each in enumerate(kept.entries) if at not in shown),
        message.person,
        source.group if source.heard else None,
    )


def _without_crossed_out(chain: Chain) -> Chain:
    """Those who write 「来不了」 behind their name, instead of taking it out, are not in the chain any more."""
    words = phrasebook.load().words["chain_crossed_out"]
    return replace(chain, entries=tuple(each for each in chain.entries if not any(word in each.text for word in words)))


def _own_by_name(chain: Chain, new: Sequence[int], name: str) -> int | None:
    """The one new entry that bears the poster's name, where it is not known who wrote it."""
    found = [at for at in new if chain.entries[at].name == name and chain.entries[at].posted_by is None]
    return found[0] if len(found) == 1 else None


def _entry(kept: Entered) -> Entry:
    return Entry(kept.number, kept.text, kept.name, kept.count, kept.rest, kept.posted_by)


def _written(
    entry: Entry, posted_by: str | None, stall_id: int | None, was: Entered | None, *, changed: bool
) -> Written:
    return Written(
        entry.number, entry.text, entry.name, entry.count, entry.rest, posted_by, stall_id, was=was, changed=changed
    )


@dataclass(frozen=True, slots=True)
class _StallReader:
    """Which stall an entry is for: the one that it names, else the one of the whole chain, else the only one."""

    ids: dict[str, int]
    open_ids: frozenset[int]
    usual: int | None
    alike: Sequence[str]

    @classmethod
    def of(cls, board: Board, part: SignUpPart, chain: Chain) -> "_StallReader":
        stalls = [each.stall for each in board.counts]
        ids = {each.name: each.id for each in stalls}
        open_ids = frozenset(each.id for each in stalls if places_of(each, part))
        named = _only_stall(normalise(chain.topic), ids, _alike())
        alone = next(iter(open_ids)) if len(open_ids) == 1 else None
        return cls(ids, open_ids, ids.get(named or "", alone), _alike())

    def stall_of(self, entry: Entry) -> int | None:
        """None where it is not clear."""
        said = normalise(entry.rest)
        named = _only_stall(said, self.ids, self.alike) if said else ""
        if named == "":
            named = _only_stall(normalise(entry.text.replace(entry.name, " ")), self.ids, self.alike)
        if named is None:
            return None
        found = self.ids[named] if named else self.usual
        return found if found in self.open_ids else None


def _only_stall(text: str, names: Sequence[str] | dict[str, int], alike: Sequence[str]) -> str | None:
    """The stall that a text names; empty where it names none, None where it names several."""
    name, said = find_stall(text, names, alike)
    if not name:
        return ""
    others = [each for each in names if each != name]
    return name if not find_stall(text.replace(said, " "), others, alike)[0] else None


def _stalls_said(text: str, chain: Kept, board: Board) -> dict[int, int]:
    """「王姐 缝补,老李 磨刀」: the stalls of unclear entries, by their keys."""
    ids = {each.stall.name: each.stall.id for each in board.counts}
    found: dict[int, int] = {}
    for part in re.split(r"[,\uff0c;\uff1b\u3001\u3002\n]", text):
        name = _only_stall(part, ids, _alike())
        for each in chain.entries:
            if name and each.unclear and each.name and normalise(each.name) in part:
                found[each.key] = ids[name]
    return found


def _alike() -> Sequence[str]:
    return phrasebook.load().words["stalls_alike"]


# --- saying -------------------------------------------------------------------------------------------------


def _not_taken(
    refused: Refused, event: Event, chain: Chain, source: _Source, message: Message, community: Community
) -> Replies:
    """One line a day that it is too late for chains."""
    told = community.market.chains.tell_once(event, source.channel, source.group, _topic(chain), message.received_at)
    return [say_in_group(refused.key, **refused.values)] if told else []


def _in_group(outcome: TakenOver, source: _Source, message: Message, community: Community) -> Replies:
    """One line on how full it is, not more often than every two minutes."""
    now, event = message.received_at, outcome.board.event
    if not outcome.changed or not community.market.rolling.touch(event, source.channel, source.group, now):
        return []
    return [
        say_in_group("market_chains.taken", **_figures(outcome, community), **rolling_values(outcome.board, community))
    ]


def _figures(outcome: TakenOver, community: Community) -> dict[str, Any]:
    news = [in_words("market_chains.added", community, added=outcome.added)] if outcome.added else []
    news += [in_words("market_chains.gone", community, gone=outcome.gone)] if outcome.gone else []
    unclear = sum(bool(each.unclear) for each in outcome.chain.entries)
    news += [in_words("market_chains.undecided", community, unclear=unclear)] if unclear else []
    return {"heads": outcome.heads, "news": "".join(news)}


def _to_people(outcome: TakenOver, chain: Chain, source: _Source, message: Message, community: Community) -> Replies:
    """What is to be asked or told privately."""
    group = source.group if source.heard else None
    return [
        *_on_the_whole(outcome, chain),
        *_on_unclear(outcome, source, message, community),
        *_on_doubled(outcome, source, message, community),
        *(_ask_removed(each, group, community) for each in outcome.removed),
        *offers(outcome.offers, community),
    ]


def _on_the_whole(outcome: TakenOver, chain: Chain) -> Replies:
    """To whoever posted it: that more was there than is read, or that somebody is missing."""
    if len(chain.entries) == MOST_ENTRIES and chain.cut_off:
        return [say("market_chains.too_long", most=MOST_ENTRIES)]
    if chain.cut_off:
        return [say("market_chains.cut_off", count=len(chain.entries))]
    about: dict[str, Plain] = {"chain": outcome.chain.id}
    return [ask("market_chains.kept", "market.chain_gone", about, kept=outcome.kept)] if outcome.kept else []


def _on_unclear(outcome: TakenOver, source: _Source, message: Message, community: Community) -> Replies:
    """Those whom the bot knows are asked themselves; of the others their leader, or whoever pasted the chain, hears."""
    replies: list[Reply] = []
    others: list[Entered] = []
    for each in outcome.unclear:
        own = each.person_id == message.person.id and source.heard
        if each.unclear == Unclear.STALL and each.person_id is not None and (source.heard or not own):
            replies.append(_ask_stall(each, outcome, source, community))
        elif own and each.unclear == Unclear.HEADS:
            replies.append(say("market.too_many_heads", most=1 + community.rules.most_companions))
        elif own and each.unclear == Unclear.ELSEWHERE:
            replies.append(say("market_chains.helps_elsewhere", event=outcome.board.event.name))
        else:
            others.append(each)
    if others:
        tell = community.market.ledger.runners(outcome.board.event) if source.heard else (message.person.id,)
        replies += [_ask_unclear(others, outcome, person_id, community) for person_id in tell]
    return replies


def _ask_stall(entry: Entered, outcome: TakenOver, source: _Source, community: Community) -> Reply:
    """The stalls with what is missing, those that fit somebody's skills first."""
    skills = community.volunteers.register.skills_of(entry.person_id or "")
    counts = [each for each in outcome.board.counts if places_of(each.stall, outcome.part)]
    counts.sort(key=lambda each: not any(fits(own, each.stall.skill or each.stall.name) for own in skills))
    about: dict[str, Plain] = {
        "heads": entry.count,
        "group": source.group if source.heard else None,
        "part": outcome.part,
        "item": "",
        "event": outcome.board.event.id,
    }
    about |= {f"stall{number}": each.stall.id for number, each in enumerate(counts[: len(NUMBERS)], start=1)}
    lines = "\n".join(f"{sign} {each.stall.name}" for sign, each in zip(CIRCLED, counts, strict=False))
    return ask(
        "market_chains.which_stall",
        "market.which_stall",
        about,
        to=entry.person_id or "",
        urgency=Urgency.REMINDER,
        fallback_group=source.group if source.heard else None,
        event=outcome.board.event.name,
        when=when(outcome.board.event, community),
        lines=lines,
    )


def _ask_unclear(entries: Sequence[Entered], outcome: TakenOver, person_id: str, community: Community) -> Reply:
    names = "\u3001".join(_why(each, community) for each in entries[:NAMES_SHOWN])
    example = next((each.name for each in entries if each.name), "") or "\u738b\u59d0"
    return ask(
        "market_chains.unclear",
        "market.chain_unclear",
        {"chain": outcome.chain.id},
        to=person_id,
        urgency=Urgency.REMINDER,
        event=outcome.board.event.name,
        count=len(entries),
        names=names,
        more=in_words("market_chains.and_more", community) if len(entries) > NAMES_SHOWN else "",
        example=example,
        stall=outcome.board.counts[0].stall.name,
    )


def _why(entry: Entered, community: Community) -> str:
    """「王姐(没写摊位)」."""
    name = entry.name or in_words("market_chains.nameless", community, number=entry.number)
    why = in_words(f"market_chains.why_{entry.unclear}", community, count=entry.count)
    return f"{name}({why})"


def _on_doubled(outcome: TakenOver, source: _Source, message: Message, community: Community) -> Replies:
    """Whoever posted it is asked where it is their own name; else the leader hears of it."""
    replies: list[Reply] = []
    for same in outcome.doubled:
        if source.heard and same[0].name == message.person.name and not _has_one(same, message):
            replies.append(_ask_which(same, outcome, community))
            continue
        tell = community.market.ledger.runners(outcome.board.event) if source.heard else (message.person.id,)
        replies += [
            say(
                "market_chains.doubled",
                to=person_id,
                urgency=Urgency.REMINDER,
                event=outcome.board.event.name,
                name=same[0].name,
                numbers="\u3001".join(str(each.number) for each in same[:NAMES_SHOWN]),
            )
            for person_id in tell
        ]
    return replies


def _has_one(same: Sequence[Entered], message: Message) -> bool:
    return any(message.person.id in (each.person_id, each.posted_by) for each in same)


def _ask_which(same: Sequence[Entered], outcome: TakenOver, community: Community) -> Reply:
    shown = same[: len(NUMBERS) - 1]
    about: dict[str, Plain] = {"chain": outcome.chain.id}
    about |= {f"entry{number}": each.key for number, each in enumerate(shown, start=1)}
    lines = [
        in_words("market_chains.place_in_chain", community, sign=sign, number=each.number, text=each.text[:30])
        for sign, each in zip(CIRCLED, shown, strict=False)
    ]
    lines.append(in_words("market_chains.none_of_them", community, sign=CIRCLED[len(shown)]))
    return ask(
        "market_chains.which_is_you",
        "market.chain_own",
        about,
        name=same[0].name,
        count=len(same),
        lines="\n".join(lines),
    )


def _ask_removed(head: Head, group: str | None, community: Community) -> Reply:
    return ask(
        "market_chains.removed",
        "market.chain_removed",
        {"sign_up": head.sign_up.id},
        to=head.sign_up.person_id or "",
        urgency=Urgency.REMINDER,
        fallback_group=group,
        stall=head.stall.name,
        **event_values(head.event, community),
    )


def _listed(outcome: TakenOver, chain: Chain, community: Community) -> Reply:
    """Who got which stall, for staff."""
    return say(
        "market_chains.recorded",
        event=outcome.board.event.name,
        lines=_stall_lines(outcome.listed, outcome.board, community),
        **_figures(outcome, community),
    )


def _stall_lines(listed: Sequence[Listed], board: Board, community: Community) -> str:
    lines = []
    for count in board.counts:
        at = [each for each in listed if any(row.stall_id == count.stall.id for row in each.rows)]
        held = [each for each in at if any(row.state is not SignUpState.WAITING for row in each.rows)]
        waiting = [each for each in at if each not in held]
        if at:
            words = _names(held, community)
            if waiting:
                words += in_words("market_chains.waiting", community, names=_names(waiting, community))
            lines.append(f"{count.stall.name}:{words}")
    return "\n".join(lines)


def _names(listed: Sequence[Listed], community: Community) -> str:
    names = [
        in_words("market_chains.with_heads", community, name=each.entry.name, heads=len(each.rows))
        if len(each.rows) > 1
        else each.entry.name
        for each in listed[:NAMES_SHOWN]
    ]
    more = in_words("market_chains.and_more", community) if len(listed) > NAMES_SHOWN else ""
    return "\u3001".join(names) + more
