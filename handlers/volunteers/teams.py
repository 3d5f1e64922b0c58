"""Teams in conversation: joining and leaving one, one's own, and what leaders and staff do with them."""

import re
from collections.abc import Mapping, Sequence

from community import Community
from community.parts.notice import Urgency
from community.parts.questions import Question
from community.privacy import Shown
from community.refused import Refused
from community.volunteers.outcomes import TeamChanged
from community.volunteers.register import Volunteer
from community.volunteers.teams import Team
from handlers.answering import group_node, privately, refused_privately
from handlers.hearing.normalise import normalise
from handlers.messages import Message, Plain, Replies, Reply, ask, say, say_in_group
from handlers.routing import router
from handlers.speaking.free_times import BETWEEN
from handlers.speaking.texts import in_words
from handlers.volunteers.register import NUMBERS, ask_person, once_more
from handlers.volunteers.wording import numbered

_LEADER = re.compile(r"(?P<team>.*?)[\s,:]*(?:队长|组长|负责人|领队)[\s是为由:,]*(?P<leader>\S*)\s*")


@router.command("volunteers.teams")
@privately
def mine(message: Message, community: Community, **_slots: object) -> Reply:
    """「我的队伍」."""
    lines = []
    for each in community.volunteers.teams.mine(message.person):
        values = {"team": each.team.name, "count": each.count}
        if each.leads:
            lines.append(in_words("volunteers.my_team_led", community, **values))
        elif each.leader:
            lines.append(in_words("volunteers.my_team", community, leader=each.leader, **values))
        else:
            lines.append(in_words("volunteers.my_team_no_leader", community, **values))
    return say("volunteers.my_teams", lines="\n".join(lines))


@router.command("volunteers.join_team")
@privately
def join_team(message: Message, community: Community, **_slots: object) -> Replies:
    """「加入理发队」."""
    if community.volunteers.register.known(message.person.id) is None:
        raise Refused("volunteers.join_first")
    return _with_team("join", _named(message, community), {}, message, community)


@router.command("volunteers.leave_team")
@privately
def leave_team(message: Message, community: Community, **_slots: object) -> Replies:
    """「退出理发队」, 「退出队伍」."""
    teams = community.volunteers.teams
    named = _named(message, community) or teams.of(message.person.id)
    if not named:
        raise Refused("volunteers.no_team_yet")
    return _with_team("leave", named, {}, message, community)


@router.command("volunteers.members")
@privately
def members(message: Message, community: Community, words: str = "") -> Replies:
    """「队员」 「队员 理发队」: for leaders and staff."""
    own = community.volunteers.teams.led_by(message.person)
    named = _named(message, community) if words else own
    if not words and not own:
        node = community.volunteers.register.community_of(message.person, group_node(message))
        if not community.tree.works_at(message.person.id, node.id):
            raise Refused("volunteers.no_leader_here")
    return _with_team("members", named, {}, message, community)


@router.command("volunteers.form_team")
@privately
def form_team(message: Message, community: Community, words: str = "") -> Replies:
    """「建队伍 理发队 队长 曹秀英」."""
    register = community.volunteers.register
    node = register.staffed(message.person, group_node(message))
    said = _LEADER.fullmatch(normalise(words))
    name, leader = (said["team"], said["leader"]) if said else (normalise(words), "")
    name = "".join(name.split())
    found = _called(node.id, leader, community) if leader else []
    if len(found) > 1:
        about: dict[str, Plain] = {"then": "form", "team": name}
        return [ask_person("volunteers.person", found, about, community)]
    return _form(name, found[0] if found else None, message, community)


@router.command("volunteers.add_to_team")
@privately
def add_to_team(message: Message, community: Community, words: str = "") -> Replies:
    """「队伍加人 理发队 王芳」, by its leader or staff."""
    text = normalise(words)
    node = community.volunteers.register.community_of(message.person, group_node(message))
    teams = community.volunteers.teams.named_in(text, node.id)
    name = text.replace(teams[0].name, " ").strip(" ,:、") if teams else ""
    if len(teams) != 1 or not name:
        raise Refused("volunteers.add_how")
    community.volunteers.teams.check_leads(message.person, teams[0])
    found = _called(node.id, name, community)
    if len(found) > 1:
        about: dict[str, Plain] = {"then": "add", "team": teams[0].id}
        return [ask_person("volunteers.person", found, about, community)]
    return _add(teams[0].id, found[0].person_id, message, community)


@router.command("volunteers.bind_team")
@refused_privately
def bind_team(message: Message, community: Community, words: str = "") -> Replies | Reply:
    """「这是理发队的群」, said by staff in that group."""
    node = community.volunteers.register.staffed(message.person, group_node(message))
    incoming = message.incoming
    if incoming.group is None:
        raise Refused("volunteers.bind_there")
    named = community.volunteers.teams.named_in(message.text, node.id)
    if len(named) != 1:
        return [_ask_team("bind", named, node.id, {"group": incoming.group}, community)]
    team = community.volunteers.teams.bind(message.person, named[0].id, incoming.channel, incoming.group)
    return say_in_group("volunteers.team_bound", team=team.name)


# --- answers ------------------------------------------------------------------------------------------------


@router.answer("volunteers.team", *NUMBERS, stays_open=True, optional=True)
def team_chosen(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """Which team was meant."""
    team_id = question.about.get(f"team{choice}")
    if team_id is None:
        return [once_more(question)]
    return _do(str(question.about["then"]), str(team_id), question.about, message, community)


@router.answer("volunteers.person", *NUMBERS, stays_open=True, optional=True)
def person_chosen(message: Message, community: Community, question: Question, choice: str) -> Replies:
    """Which of those with one name."""
    person_id = question.about.get(f"person{choice}")
    if person_id is None:
        return [once_more(question)]
    team = str(question.about["team"])
    if question.about["then"] == "add":
        return _add(team, str(person_id), message, community)
    return _form(team, community.volunteers.register.known(str(person_id)), message, community)


# --- inside -------------------------------------------------------------------------------------------------


def _named(message: Message, community: Community) -> list[Team]:
    """The teams of the community that a message names."""
    node = community.volunteers.register.community_of(message.person, group_node(message))
    return community.volunteers.teams.named_in(message.text, node.id)


def _called(node_id: str, name: str, community: Community) -> list[Volunteer]:
    found = community.volunteers.register.called(node_id, name)
    if not found:
        raise Refused("volunteers.nobody_called", name=name)
    return found


def _with_team(
    then: str, named: Sequence[Team], about: dict[str, Plain], message: Message, community: Community
) -> Replies:
    """With the one that is meant; else asks which, among all where none is."""
    if len(named) == 1:
        return _do(then, named[0].id, about, message, community)
    node = community.volunteers.register.community_of(message.person, group_node(message))
    return [_ask_team(then, named, node.id, about, community)]


def _ask_team(then: str, named: Sequence[Team], node_id: str, about: dict[str, Plain], community: Community) -> Reply:
    shown = named or community.volunteers.teams.at(node_id)
    if not shown:
        raise Refused("volunteers.no_teams")
    about = about | {"then": then} | {f"team{number}": each.id for number, each in zip(NUMBERS, shown, strict=False)}
    key = "volunteers.which_of_teams" if named else "volunteers.which_team"
    return ask(key, "volunteers.team", about, lines=numbered(each.name for each in shown))


def _do(then: str, team_id: str, about: Mapping[str, Plain], message: Message, community: Community) -> Replies:
    teams, now = community.volunteers.teams, message.received_at
    if then == "join":
        return _joined(teams.join(team_id, message.person, now), community)
    if then == "leave":
        return _left(teams.leave(team_id, message.person, now))
    if then == "bind":
        team = teams.bind(message.person, team_id, message.incoming.channel, str(about["group"]))
        return [say("volunteers.team_bound", team=team.name)]
    return [_crew(team_id, message, community)]


def _crew(team_id: str, message: Message, community: Community) -> Reply:
    teams = community.volunteers.teams
    crew, name = teams.crew(team_id, message.person), teams.by_id(team_id).name
    if not crew:
        return say("volunteers.members_none", team=name)
    lines = "\n".join(
        in_words("volunteers.member", community, name=who, skills=BETWEEN.join(skills)) if skills else who
        for who, skills in crew
    )
    return say("volunteers.members", team=name, count=len(crew), lines=lines, shows=[Shown(f"team:{team_id}", "names")])


def _joined(changed: TeamChanged, community: Community) -> Replies:
    name, team, count = changed.name, changed.team.name, changed.count
    led_by = in_words("volunteers.led_by", community, leader=changed.leader) if changed.leader else ""
    leaders = [
        say("volunteers.team_joined_for_leader", to=each, urgency=Urgency.NOTICE, name=name, team=team, count=count)
        for each in changed.tell
    ]
    return [say("volunteers.team_joined", team=team, count=count, led_by=led_by), *leaders]


def _left(changed: TeamChanged) -> Replies:
    led = changed.team.leader_id == changed.person_id
    key = "volunteers.team_without_leader" if led else "volunteers.team_left_for_leader"
    name, team = changed.name, changed.team.name
    others = [say(key, to=each, urgency=Urgency.NOTICE, name=name, team=team) for each in changed.tell]
    return [say("volunteers.team_left", team=team), *others]


def _add(team_id: str, person_id: str, message: Message, community: Community) -> Replies:
    changed = community.volunteers.teams.add(team_id, person_id, message.person, message.received_at)
    name, team, count = changed.name, changed.team.name, changed.count
    by = community.volunteers.register.names_of([message.person.id])[message.person.id]
    said: list[Reply] = [say("volunteers.added", name=name, team=team, count=count)]
    if person_id != message.person.id:
        said.append(say("volunteers.added_for_them", to=person_id, urgency=Urgency.NOTICE, by=by, team=team))
    leaders = [
        say("volunteers.team_joined_for_leader", to=each, urgency=Urgency.NOTICE, name=name, team=team, count=count)
        for each in changed.tell
        if each != person_id
    ]
    return [*said, *leaders]


def _form(name: str, leader: Volunteer | None, message: Message, community: Community) -> Replies:
    node_id, now = group_node(message), message.received_at
    formed = community.volunteers.teams.form(message.person, node_id, name, leader, now)
    team = formed.team.name
    if leader is None:
        return [say("volunteers.formed_without_leader", team=team)]
    said = [say("volunteers.formed", team=team, leader=formed.leader)]
    if leader.person_id != message.person.id:
        said.append(say("volunteers.formed_for_leader", to=leader.person_id, urgency=Urgency.NOTICE, team=team))
    return said
