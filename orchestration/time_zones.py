"""Time zones that Python and both engines know by one name."""

from zoneinfo import available_timezones

# What the machine is set to, and "not set": files of the machine, no zones that an engine knows.
_OF_THE_MACHINE = {"localtime", "posixrules", "Factory"}


def usable_zones() -> set[str]:
    """The names of the IANA time zones, such as `Europe/Paris`."""
    return available_timezones() - _OF_THE_MACHINE
