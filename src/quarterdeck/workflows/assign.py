"""
Which of two versions a session gets while a release has a share.

Pure, so that server and SDK can't disagree: the same release and the same key give the same arm
anywhere, at any time, without asking anybody.  A larger share keeps everybody who was in: each key
has one bucket, and the candidate's buckets are those below the share.

Not here: what a session began with.  That is kept when it is first resolved and wins over what this
says, since shares change while sessions run.
"""

import hashlib
from typing import Literal

from quarterdeck.workflows.manifest import StickyBy

Arm = Literal["stable", "candidate"]

WHOLE_BP = 10_000
"""All of the traffic, in basis points: 1/10,000 is the smallest share that one can ask for."""


def arm_of(
    *,
    release_id: str,
    share_bp: int,
    sticky_by: StickyBy,
    session_id: str,
    user: str = "",
    task: str = "",
) -> Arm:
    """
    `share_bp` is the candidate's, 0 to 10,000.  Without a release, or a key to go by, the stable.

    `user` and `task` (its type) count where the release is sticky by them; empty ones: the session.
    """
    key = sticky_key(sticky_by=sticky_by, session_id=session_id, user=user, task=task)
    if not release_id or not key:
        return "stable"
    return "candidate" if bucket_of(release_id=release_id, key=key) < share_bp else "stable"


def sticky_key(*, sticky_by: StickyBy, session_id: str, user: str = "", task: str = "") -> str:
    """What stays with one version: the same key, the same arm."""
    match sticky_by:
        case "session":
            return session_id
        case "user":
            return user or session_id
        case "task":
            return task or session_id


def bucket_of(*, release_id: str, key: str) -> int:
    """
    0 to 9,999: SHA-256 of release, NUL and key, as one big-endian number, modulo 10,000.

    The release is in it, so that two releases choose different users for their experiments.
    """
    whole = f"{release_id}\x00{key}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.sha256(whole).digest()) % WHOLE_BP
