"""The figures by name: each makes what it needs, yields its rows, and removes what it made."""

from dragging import drag
from looking import look
from working import back_up, remember

FIGURES = {"looking": look, "backup": back_up, "timeline": drag, "memory": remember}
