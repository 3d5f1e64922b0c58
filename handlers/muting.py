"""Peace and its end: 「别提醒我」 and 「恢复提醒」, always answered privately."""

from community import Community
from handlers.messages import Message, Reply, say
from handlers.routing import router


@router.command("privacy.mute")
def mute(message: Message, community: Community) -> Reply:
    """Says what will no longer come, what still does, and the way back."""
    muted = community.muting.mute(message.person)
    return say("muting.muted_on_duty" if muted.on_duty else "muting.muted")


@router.command("privacy.unmute")
def unmute(message: Message, community: Community) -> Reply:
    """Everything comes again."""
    community.muting.unmute(message.person)
    return say("muting.unmuted")
