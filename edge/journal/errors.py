"""What can go wrong with the journal's file. None of it can be mended while running."""


class JournalError(Exception):
    """Base of them all. `fix` says what the shop's owner can do."""

    fix = "is the disk full or failing?"


class JournalBroken(JournalError):
    """The disk refused a read or a write: whatever was waiting is not known to be durable.

    Nothing is tried again: after a failed flush the kernel forgets what it could not write, so
    only a restart, which reads the disk anew, finds out what is there.
    """

    what = "the journal's disk failed"
    fix = "check the disk, then start the box again"


class JournalMistaken(JournalBroken):
    """What was to be written contradicts the tables, or our own code failed over it.

    The disk did nothing wrong. Nothing of that commit was written.
    """

    what = "the box made a mistake over its journal, and wrote nothing of it"
    fix = "keep a copy of the state folder, start the box again, and report it with the log"


class JournalLocked(JournalError):
    """Another daemon has this journal open."""

    fix = "stop the other one first"


class JournalNewer(JournalError):
    """The file was written by a newer edgebox; it was left untouched."""

    fix = "install the newer edgebox again"


class JournalForeign(JournalError):
    """The file is no journal of ours; it was left untouched."""

    fix = "give this box a state_dir of its own"


class JournalNotMigrated(JournalError):
    """The file of an older edgebox could not be brought up to date; nothing was lost."""

    fix = "free some disk space: a copy of the journal is kept"
