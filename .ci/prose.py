"""Writes what people read outside the pages as Markdown, for .ci/check-prose: a file for each text's source.

    prose.py CONTACTS FOLDER
"""

import re
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent


class Template(yaml.SafeLoader):
    """A template, without regard to CloudFormation's functions."""


Template.add_multi_constructor("!", lambda loader, suffix, node: None)


def described(value):
    """Every description in a document of YAML."""
    if isinstance(value, dict):
        for name, member in value.items():
            if name.lower() in ("description", "summary", "constraintdescription", "assertdescription") and isinstance(member, str):
                yield member
            else:
                yield from described(member)
    elif isinstance(value, list):
        for member in value:
            yield from described(member)


def helped(contacts, *command):
    """The sentences in the help of a command and of its subcommands."""
    text = subprocess.run([contacts, *command, "--help"], stdout=subprocess.PIPE, text=True, check=True).stdout
    _, _, listed = text.partition("\nCommands:\n")
    listed = re.findall(r"^  (\w[\w-]*)", listed.partition("\n\n")[0], re.MULTILINE)
    # A line of a list, such as an exit code or a command, is a text of its own.
    text = re.sub(r"^(  \S.*\S {2,}\S)", r"\n\1", text, flags=re.MULTILINE)
    # An option has its name in a line of its own. The lines below it say what it does.
    without_names = re.sub(r"^ *(-.*|Usage:.*|[A-Z]\w+:|<\w+>|\[\w+\])$", "", text, flags=re.MULTILINE)
    yield from re.split(r"\n\s*\n", without_names)
    for name in listed:
        if name != "help":
            yield from helped(contacts, *command, name)


def commented(source):
    """The comments of a Rust file: a text for each run of lines, without headings and examples."""
    text = re.sub(r"^(\s*//[/!]?) ```.*?^\s*//[/!]? ```", r"\1", source, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"^(\s*//[/!]?) (#+ .*|\|.*)$", r"\1", text, flags=re.MULTILINE)
    for run in re.findall(r"(?:^[ \t]*//[/!]? ?.*\n)+", text, re.MULTILINE):
        run = re.sub(r"^[ \t]*//[/!]? ?", "", run, flags=re.MULTILINE)
        yield from re.split(r"\n\s*\n|\n(?=- )", run)


def write(path, texts):
    path.parent.mkdir(parents=True, exist_ok=True)
    paragraphs = (re.sub(r"\s*\n\s*", " ", text).strip() for text in texts)
    path.write_text("\n\n".join(filter(None, paragraphs)) + "\n", "utf-8")


def main():
    contacts, folder = sys.argv[1], Path(sys.argv[2])
    write(folder / "help.md", helped(contacts))
    for name in ("openapi.yaml", "template.yaml", "deploy/github-role.yaml"):
        document = yaml.load((ROOT / name).read_text("utf-8"), Template)
        write(folder / f"{Path(name).stem}.md", described(document))
    sources = subprocess.run(["git", "ls-files", "*.rs"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
    for name in sources.split():
        write(folder / f"{name}.md", commented((ROOT / name).read_text("utf-8")))


main()
