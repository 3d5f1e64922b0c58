"""Services that the ear knows and the community does not offer yet: said kindly, with a way to a human."""

from community import Community
from handlers.messages import Message, Reply, say
from handlers.routing import router
from handlers.speaking.texts import load

NOT_YET = (
    "privacy.mute",
    "privacy.data",
)


def _not_yet(command: str) -> None:
    name = load()[f"commands.{command.replace('.', '_')}"]

    @router.command(command)
    def answer(message: Message, community: Community, **_slots: object) -> Reply:
        """Says that it is not offered yet."""
        return say("help.not_yet", name=name)


for _command in NOT_YET:
    _not_yet(_command)
