"""The doctor: what of this machine stands in the way of the program, what that means, and what to do about it.

`finding` is what it says, `machine` what it asks, one file for each kind of finding, `examination` all of them in turn;
`bundle` makes the one file for a bug report, with nothing secret in it.
"""

from .examination import Report, examine
from .finding import Finding, Severity

__all__ = ["Finding", "Report", "Severity", "examine"]
