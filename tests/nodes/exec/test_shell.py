"""Scripts in the small shell, over files in memory. What is expected was seen in busybox."""

from __future__ import annotations

import asyncio
import io
import tarfile

import pytest

from kcompat.nodes.exec.commands import PROGRAMS
from kcompat.nodes.exec.files import Files, Mount, Volume, root
from kcompat.nodes.exec.shell import NotFound, Process, World, run

FACTS = {name: (lambda name=name: name) for name in ("hostname", "address", "architecture", "id", "whoami", "date", "seconds", "ls", "command")}


async def execute(*command: str, stdin: bytes = b"", files: Files | None = None) -> tuple[int, str, str]:
    """(exit code, output, errors)."""
    out, errors, left = [], [], [stdin]

    async def read() -> bytes:
        found, left[0] = left[0], b""
        return found

    async def write(data: bytes) -> None:
        out.append(data)

    async def complain(data: bytes) -> None:
        errors.append(data)

    settings = Mount("/settings", Volume({"color": b"blue", "dir/deep": b"1"}, read_only=True))
    world = World(files or Files(root("box"), [settings]), FACTS, PROGRAMS)
    code = await run(Process(world, {"HOME": "/root", "A": "x y"}, read, write, complain), command)
    return code, b"".join(out).decode(errors="replace"), b"".join(errors).decode()


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("echo hi", "hi\n"),
        ("echo -n a; echo b", "ab\n"),
        ('echo "$A" $A \'$A\' ${B:-none} ${A:+set}', "x y x y $A none set\n"),
        ("true && echo yes || echo no", "yes\n"),
        ("false && echo yes || echo no", "no\n"),
        ("if [ -f /settings/color ]; then cat /settings/color; else echo none; fi", "blue"),
        ("if test -d /nowhere; then echo a; elif [ 2 -gt 1 ]; then echo b; fi", "b\n"),
        ("for n in 1 2 3; do echo $((n * 2)); done", "2\n4\n6\n"),
        ("i=0; while [ $i -lt 3 ]; do i=$((i+1)); done; echo $i", "3\n"),
        ("echo a > /tmp/f; echo b >> /tmp/f; wc -l < /tmp/f; cat /tmp/f", "2\na\nb\n"),
        ("printf 'b\\na\\n' | grep a | cat -", "a\n"),
        ("echo $(hostname) `echo tick`", "hostname tick\n"),
        ("cd /settings && ls && pwd", "color\ndir\n/settings\n"),
        ("ls /settings/* /nowhere 2>&1 | tail -n 1", "deep\n"),
        ("(cd /tmp; exit 3); echo $? $(pwd)", "3 /\n"),
        ("mkdir -p /a/b/c && touch /a/b/c/d && find /a -type f", "/a/b/c/d\n"),
        ("cp /settings/color /tmp/c; mv /tmp/c /tmp/d; rm -f /tmp/c; cat /tmp/d", "blue"),
        ("! false && echo negated", "negated\n"),
        ("set -e; export X=1; env | grep ^X", "X=1\n"),
        ("seq 3 | head -n 2 # a comment", "1\n2\n"),
        ("printf 'a\\nb' | head; printf 'c\\nd' | head -1", "a\nbc\n"),
        ("{ echo a; echo b; } | wc -l", "2\n"),
    ],
)
async def test_scripts(script: str, expected: str) -> None:
    code, out, _ = await execute("sh", "-c", script)
    assert (code, out) == (0, expected)


@pytest.mark.parametrize(
    ("script", "code", "said"),
    [
        ("exit 7", 7, ""),
        ("java -version", 127, "sh: java: not found\n"),
        ("cat /nowhere", 1, "cat: can't open '/nowhere': No such file or directory\n"),
        ("echo x > /settings/color", 1, "sh: can't create /settings/color: Read-only file system\n"),
        ("ls /nowhere", 1, "ls: /nowhere: No such file or directory\n"),
        ("if true; then", 2, 'sh: syntax error: unexpected "end of file"\n'),
        ('echo "open', 2, "sh: syntax error: unterminated quoted string\n"),
        ("sleep soon", 1, "sleep: invalid arguments\n"),
    ],
)
async def test_failures(script: str, code: int, said: str) -> None:
    found, _, errors = await execute("sh", "-c", script)
    assert (found, errors) == (code, said)


@pytest.mark.parametrize(
    "script",
    ["while :; do :; done", "while { }; do { }; done", "until false; do x=1; done", "x=y; while true; do x=$x$x; done"],
)
async def test_loops_without_end_leave_time_for_others(script: str) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await execute("sh", "-c", script)


async def test_nothing_grows_without_end() -> None:
    grown = await execute("sh", "-c", "x=0123456789abcdef; " + "x=$x$x$x$x; " * 20 + "echo ${x} | wc -c")
    assert grown[1] == f"{(1 << 20) + 1}\n"
    code, _, said = await execute("sh", "-c", "printf %999999999d 1; " + "(" * 3000)
    assert code == 2 and "syntax error" in said


async def test_programs_that_are_not_there() -> None:
    for command in ("java", "/opt/tool"):
        with pytest.raises(NotFound):
            await execute(command)


async def test_a_shell_runs_its_input_as_it_comes() -> None:
    assert await execute("sh", stdin=b"x=1\nif true; then\necho $x\nfi\nexit 4\n") == (4, "1\n", "")


async def test_archives_go_out_and_in() -> None:
    files = Files(root("box"), [Mount("/settings", Volume({"color": b"blue", "dir/deep": b"1"}))])
    _, _, said = await execute("tar", "cf", "/tmp/all.tar", "-C", "/settings", ".", files=files)
    assert said == ""
    with tarfile.open(fileobj=io.BytesIO(files.read("/tmp/all.tar"))) as archive:
        assert {entry.name for entry in archive if entry.isfile()} == {"./color", "./dir/deep"}
    await execute("tar", "xmf", "-", "-C", "/tmp", stdin=files.read("/tmp/all.tar"), files=files)
    assert files.read("/tmp/dir/deep") == b"1"


async def test_archives_stay_where_they_are_unpacked() -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        entry = tarfile.TarInfo("../etc/hostname")
        entry.size = 4
        archive.addfile(entry, io.BytesIO(b"evil"))
    files = Files(root("box"), [])
    await execute("tar", "xf", "-", "-C", "/tmp", stdin=packed.getvalue(), files=files)
    assert files.read("/etc/hostname") == b"box\n"
