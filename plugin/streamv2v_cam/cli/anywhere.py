"""A command with commands below it whose own options may also stand after them."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup


class OptionsAnywhere(TyperGroup):
    """`obs setup --host X` is `obs --host X setup`: nobody remembers which of the two an option belongs to."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments with the group's own options brought to the front, but for those a command has too."""
        command = next((name for name in args if name in self.commands), None)
        if command is None:
            return super().parse_args(ctx, args)
        place = args.index(command)
        theirs = {name for parameter in self.commands[command].params for name in parameter.opts}
        takes_value = {
            name: not getattr(parameter, "is_flag", False)
            for parameter in self.params
            for name in (*parameter.opts, *parameter.secondary_opts)
            if name not in theirs
        }
        ours, rest = [], []
        later = iter(args[place + 1 :])
        for word in later:
            name = word.partition("=")[0]
            if word == "--":
                rest += [word, *later]
            elif name not in takes_value or word in ("-h", "--help"):
                rest.append(word)
            else:
                ours.append(word)
                if takes_value[name] and "=" not in word:
                    ours += [value for value in [next(later, None)] if value is not None]
        return super().parse_args(ctx, [*args[:place], *ours, command, *rest])
