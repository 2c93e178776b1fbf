"""The run folder: complete or not there, never over an older one, and read back only if it is what was written."""

import builtins
import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import make_dataset
import netCDF4
import numpy as np
import pytest
from command_line import simulate
from digests import of_dataset

from simulate import durable, netcdf, report, store
from simulate.errors import IntegrityError, Mistakes, StorageError


@pytest.fixture(scope="module")
def dataset():
    return make_dataset.make(draws=300, inputs=8)


def save(dataset, root, output=None, **options):
    overwrite = options.pop("overwrite", False)
    target = store.prepare("baseline_2026", "abcdef0123456789", output, root=root, overwrite=overwrite)
    return store.save(dataset, target, figures=(), **options)


def tree(folder):
    """Return the content of every file below a folder, by its relative path."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def hidden(root):
    return [p.name for p in root.iterdir() if p.name.startswith(".")]


# Saved and loaded


def test_what_is_loaded_is_what_was_saved(dataset, tmp_path):
    given = dataset.copy()
    given.attrs = dataset.attrs | {"versions": {"numpy": "2", "empty": None}, "flag": True, "seed": 2**64 - 1}
    folder = save(given, tmp_path)
    loaded = store.load(folder)
    assert loaded.identical(given)
    assert loaded.attrs == given.attrs
    assert np.isposinf(loaded["crossing"].sel(threshold="never")).all()
    assert np.isneginf(loaded["crossing"].sel(threshold="us_order")).all()
    assert store.load(folder / "result.nc").identical(given)


@pytest.mark.parametrize("text", make_dataset.HOSTILE)
def test_hostile_text_is_stored_and_stays_in_the_root(text, tmp_path):
    root = tmp_path / "outputs"
    given = make_dataset.hostile(text)
    folder = store.save(given, store.prepare(text, text, root=root), figures=())
    assert folder.resolve().parent == root.resolve()
    assert [p.name for p in tmp_path.iterdir()] == ["outputs"]
    title = text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")
    assert store.load(folder).attrs["title"] == title
    json.loads((folder / "summary.json").read_text())


def test_the_folder_holds_everything_and_the_manifest_hashes_it(dataset, tmp_path):
    target = store.prepare("baseline_2026", "abcdef0123456789", root=tmp_path)
    folder = store.save(dataset, target, config={"draws": 300, "text": "ü"}, log="all went well\n")
    assert folder == tmp_path / "baseline_2026-abcdef01-1"
    files = tree(folder)
    manifest = json.loads(files.pop("manifest.json"))
    assert manifest["files"] == {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    assert {"result.nc", "summary.json", "config.yaml", "run.log", "tables/inputs.csv", "figures/binding.svg"} <= set(
        files
    )
    assert files["config.yaml"].decode() == "draws: 300\ntext: ü\n"
    assert files["run.log"] == b"all went well\n"
    assert manifest["problems"] == []
    assert manifest["seed"] == 1
    assert manifest["truncated_draws"] == {"utilisation": 4}
    assert stat.S_IMODE(folder.stat().st_mode) & 0o700 == 0o700
    assert hidden(tmp_path) == []


def test_the_same_result_gives_the_same_bytes(dataset, tmp_path):
    one, two = (tree(save(dataset, tmp_path)) for _ in range(2))
    one.pop("manifest.json"), two.pop("manifest.json")  # it holds the time
    assert one == two


def test_an_old_run_can_be_drawn_again(dataset, tmp_path):
    folder = store.save(dataset, store.prepare("a", "b", root=tmp_path))
    from simulate import plots

    plots.save_all(store.load(folder), tmp_path / "again")
    assert tree(tmp_path / "again") == tree(folder / "figures")


def test_a_figure_that_fails_does_not_cost_the_result(dataset, tmp_path, monkeypatch):
    from simulate import plots

    monkeypatch.setitem(plots.FIGURES, "binding", lambda dataset: 1 / 0)
    folder = store.save(dataset, store.prepare("a", "b", root=tmp_path), figures=("svg",))
    assert json.loads((folder / "manifest.json").read_text())["problems"] == [
        "figure binding: ZeroDivisionError: division by zero"
    ]
    assert store.load(folder).identical(dataset)


# Names


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../x", "a/b", "/etc", "~root", "-rf", "a\0b", "a\nb", "a b", "x" * 81, "CON", "nul.txt", "a.",
     ".hidden", "\u0430bc", "\x1b[31m", "a\\b", "${HOME}"],
)  # fmt: skip
def test_names_are_only_names(name, tmp_path):
    root = tmp_path / "outputs"
    with pytest.raises(Mistakes) as caught:
        store.prepare("set", "hash", name, root=root)
    assert str(caught.value).isprintable()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a", "x" * 80, "A-1_b.c", "0"])
def test_good_names_are_good(name, tmp_path):
    assert store.prepare("set", "hash", name, root=tmp_path).name == name


def test_links_are_refused(dataset, tmp_path):
    real = tmp_path / "real"
    real.mkdir()
    link = tmp_path / "link"
    link.symlink_to(real)
    with pytest.raises(Mistakes, match="symbolic link"):
        store.prepare("set", "hash", root=link)
    (real / "mine").symlink_to(tmp_path / "elsewhere")
    for overwrite in (False, True):
        with pytest.raises(Mistakes, match="symbolic link"):
            store.prepare("set", "hash", "mine", root=real, overwrite=overwrite)
    folder = save(dataset, real)
    (tmp_path / "run").symlink_to(folder)
    with pytest.raises(IntegrityError, match="symbolic link"):
        store.load(tmp_path / "run")
    (folder / "result.nc").rename(tmp_path / "moved.nc")
    (folder / "result.nc").symlink_to(tmp_path / "moved.nc")
    with pytest.raises(IntegrityError, match="symbolic link"):
        store.load(folder)


# Nothing is overwritten


def test_numbers_go_on(dataset, tmp_path):
    assert [save(dataset, tmp_path).name[-2:] for _ in range(3)] == ["-1", "-2", "-3"]
    (tmp_path / "baseline_2026-abcdef01-7").write_text("a file in the way")
    (tmp_path / "baseline_2026-abcdef01-8").symlink_to("nowhere")
    assert save(dataset, tmp_path).name[-2:] == "-9"


def test_a_taken_name_is_a_mistake_and_nothing_changes(dataset, tmp_path):
    folder = save(dataset, tmp_path, "mine")
    before = tree(tmp_path)
    with pytest.raises(Mistakes, match=r"mine: exists \(finished 20\d\d-.*overwrite=true"):
        save(dataset, tmp_path, "mine")
    with pytest.raises(Mistakes, match="exists"):
        store.save(dataset, folder, figures=())
    assert tree(tmp_path) == before


def test_a_name_taken_while_the_run_was_busy_is_not_overwritten(dataset, tmp_path):
    target = store.prepare("set", "hash", "mine", root=tmp_path)
    save(dataset, tmp_path, "mine")
    before = tree(tmp_path)
    with pytest.raises(Mistakes, match="exists"):
        store.save(dataset, target, figures=())
    assert tree(tmp_path) == before
    assert hidden(tmp_path) == []


def test_overwrite_replaces_a_run_folder_and_nothing_else(dataset, tmp_path):
    folder = save(dataset, tmp_path, "mine")
    (folder / "old").write_text("old")
    other = make_dataset.make(draws=200, title="other", inputs=8)
    assert save(other, tmp_path, "mine", overwrite=True) == folder
    assert store.load(folder).attrs["title"] == "other"
    assert not (folder / "old").exists()
    assert hidden(tmp_path) == []
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter").write_text("words")
    with pytest.raises(Mistakes, match="not a run folder"):
        save(dataset, tmp_path, "thesis", overwrite=True)


@pytest.mark.parametrize("can_swap", [True, False])
def test_overwrite_keeps_the_old_tree_until_the_new_one_is_complete(dataset, tmp_path, monkeypatch, can_swap):
    save(dataset, tmp_path, "mine")
    before = tree(tmp_path / "mine")
    other = make_dataset.make(draws=200, title="other", inputs=8)
    if not can_swap:
        monkeypatch.setattr(durable, "_swap", lambda *_: (_ for _ in ()).throw(OSError(errno.EINVAL, "no")))
    seen = []
    fsync = os.fsync

    def watched(handle):
        seen.append(tree(tmp_path / "mine") == before)
        fsync(handle)

    monkeypatch.setattr(os, "fsync", watched)
    save(other, tmp_path, "mine", overwrite=True)
    assert all(seen[:-1])
    assert not seen[-1]
    assert len(seen) > 8
    assert store.load(tmp_path / "mine").identical(other)
    assert hidden(tmp_path) == []


# Everything that can fail


@pytest.mark.parametrize(
    ("number", "overwrite"),
    [
        (errno.ENOSPC, False),
        (errno.EIO, True),
        *(
            pytest.param(number, overwrite, marks=pytest.mark.long)
            for number in (errno.ENOSPC, errno.EIO, errno.EROFS, errno.EMFILE, errno.EDQUOT)
            for overwrite in (False, True)
        ),
    ],
)
def test_failure_at_the_nth_operation_leaves_old_or_new(dataset, tmp_path, monkeypatch, number, overwrite):
    folder = save(dataset, tmp_path, "mine")
    before = tree(folder)
    other = make_dataset.make(draws=200, title="other", inputs=8)
    for n in range(1, 400):
        target = store.prepare("set", "hash", "mine" if overwrite else f"other{n}", root=tmp_path, overwrite=overwrite)
        said = ""
        with monkeypatch.context() as patch:
            calls = fail_at(patch, n, number)
            try:
                store.save(other, target, figures=())
            except StorageError as error:
                said = str(error)
        assert said == "" or (os.strerror(number) in said and "bytes are free" in said), n
        durable.sweep(tmp_path)  # where the removal of the temporary folder was what failed
        assert hidden(tmp_path) == [], n
        now = store.load(tmp_path / target.name) if (tmp_path / target.name).exists() else None
        if not said:
            assert now is not None
            assert now.identical(other), n
        if overwrite:
            assert now is not None
            assert tree(folder) == before or now.identical(other), n
        else:
            assert tree(folder) == before
            assert now is None or now.identical(other), n
        if overwrite and now.identical(other):
            save(dataset, tmp_path, "mine", overwrite=True)
            before = tree(folder)
        if len(calls) < n:
            break
    assert 30 < n < 399


def fail_at(patch, n, number):
    """Make the n-th call of any of the system's writing functions fail; return the list of calls."""
    calls = []

    def failing(function):
        def call(*args, **options):
            calls.append(function)
            if len(calls) == n:
                raise OSError(number, os.strerror(number))
            return function(*args, **options)

        return call

    for name in ("fsync", "rename", "open", "write", "mkdir", "replace"):
        patch.setattr(os, name, failing(getattr(os, name)))
    patch.setattr(durable, "_swap", failing(durable._swap))
    patch.setattr(builtins, "open", failing(builtins.open))
    return calls


def test_order_is_data_then_name_then_folder(dataset, tmp_path, monkeypatch):
    log = []
    fsync, rename = os.fsync, os.rename

    def watched_fsync(handle):
        log.append(("fsync", str(Path(f"/proc/self/fd/{handle}").readlink())))
        fsync(handle)

    def watched_rename(source, target, **options):
        log.append(("rename", str(target)))
        rename(source, target, **options)

    target = store.prepare("set", "hash", root=tmp_path)
    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(os, "rename", watched_rename)
    folder = store.save(dataset, target, figures=("svg",))
    monkeypatch.undo()
    assert log[-2:] == [("rename", str(folder)), ("fsync", str(tmp_path))]
    synced = [re.sub(r".*/\.tmp-\w+", "", path) for what, path in log[:-2] if what == "fsync"]
    assert {"/" + name for name in tree(folder)} | {"/tables", "/figures", ""} == set(synced)
    assert synced[-2:] == ["/manifest.json", ""]


def test_short_writes_are_completed(dataset, tmp_path, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: write(handle, bytes(data)[: max(len(data) // 3, 1)]))
    content = bytes(range(256)) * 40
    assert durable.write(tmp_path / "file", content) == hashlib.sha256(content).hexdigest()
    assert (tmp_path / "file").read_bytes() == content


def test_a_disk_that_fills_up_is_told_and_costs_nothing(dataset, tmp_path):
    kept = tree(save(dataset, tmp_path, "old"))
    code = (
        "import sys, signal, resource, make_dataset\n"
        "from simulate import store\nfrom simulate.errors import StorageError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))\n"
        "try: store.save(make_dataset.make(draws=300), sys.argv[1], figures=())\n"
        "except StorageError as error: print(error)\n"
    )
    env = {"PYTHONPATH": ":".join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "new")], capture_output=True, text=True, env=env)
    assert "result.nc" in done.stdout, done.stderr
    assert re.search(r"needs about [\d,]+ bytes, [\d,]+ bytes are free", done.stdout)
    assert [p.name for p in tmp_path.iterdir()] == ["old"]
    assert tree(tmp_path / "old") == kept


def test_no_room_is_told_before_the_run(tmp_path):
    with pytest.raises(
        StorageError, match=r"not enough space; needs about 1,000,000,000,000,000,000 bytes, [\d,]+ bytes"
    ):
        store.prepare("set", "hash", root=tmp_path / "out", needed=10**18)


def test_a_place_that_cannot_be_written_is_told_before_the_run(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StorageError, match="file"):
        store.prepare("set", "hash", root=tmp_path / "file")
    with pytest.raises(StorageError, match="Not a directory"):
        store.prepare("set", "hash", root=tmp_path / "file" / "below")

    def read_only(*_, **__):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "mkdir", read_only)
    with pytest.raises(StorageError, match="Read-only"):
        store.prepare("set", "hash", root=tmp_path)


# Processes that die, and processes that live


def test_leftovers_of_the_dead_are_swept_and_the_living_left_alone(tmp_path):
    dead = tmp_path / ".tmp-0123456789abcdef"
    (dead / "tables").mkdir(parents=True)
    (tmp_path / ".tmp-mine").mkdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / ".tmp-ffffffffffffffff").symlink_to(elsewhere)
    with durable.temporary_folder(tmp_path) as living:
        store.prepare("set", "hash", root=tmp_path)
        assert living.is_dir()
        assert not dead.exists()
    assert sorted(hidden(tmp_path)) == [".tmp-ffffffffffffffff", ".tmp-mine"]
    assert elsewhere.is_dir()


def test_what_was_set_aside_comes_back(dataset, tmp_path):
    folder = save(dataset, tmp_path, "mine")
    before = tree(folder)
    folder.rename(tmp_path / ".old-0123456789abcdef-mine")
    store.prepare("set", "hash", root=tmp_path)
    assert tree(tmp_path / "mine") == before
    assert hidden(tmp_path) == []


CHILD = (
    "import sys, make_dataset\nfrom simulate import store\n"
    "dataset = make_dataset.make(draws=100, inputs=4, title=sys.argv[3])\n"
    "print('ready', flush=True); sys.stdin.readline()\n"
    "for _ in range(int(sys.argv[4])):\n"
    "    target = store.prepare('set', 'hash', sys.argv[2] or None, root=sys.argv[1], overwrite=bool(sys.argv[2]))\n"
    "    print(store.save(dataset, target, figures=()), flush=True)\n"
)


def start(root, output, title, times):
    env = {"PYTHONPATH": ":".join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"}
    arguments = [sys.executable, "-c", CHILD, str(root), output, title, str(times)]
    child = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
    assert child.stdout.readline() == "ready\n"
    return child


def test_processes_at_once_get_different_folders(tmp_path):
    children = [start(tmp_path, "", f"title {i}", 4) for i in range(3)]
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    printed = [child.communicate()[0].split() for child in children]
    folders = [Path(p) for paths in printed for p in paths]
    assert len(set(folders)) == 12
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(p.name for p in folders)
    for i, paths in enumerate(printed):
        assert {store.load(p).attrs["title"] for p in paths} == {f"title {i}"}


def kills(tmp_path, times):
    save(make_dataset.make(draws=100, title="old", inputs=4), tmp_path, "mine")
    rng = np.random.default_rng(5)
    for i in range(times):
        child = start(tmp_path, "mine", f"title {i}", 1000)
        child.stdin.write("go\n")
        child.stdin.flush()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(timeout=rng.uniform(0.0, 0.6))
        child.send_signal(signal.SIGKILL)
        child.communicate()
        title = store.load(tmp_path / "mine").attrs["title"]
        assert title == "old" or int(title.split()[1]) <= i
    store.prepare("set", "hash", root=tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine"]


def test_kill_while_an_old_result_is_replaced(tmp_path, verified):
    kills(tmp_path, 6)
    verified("C2", "kills while a result is replaced: neither old nor new", "0 of 6", 0)


@pytest.mark.long
def test_kill_a_hundred_times(tmp_path, verified):
    kills(tmp_path, 100)
    verified("C2", "kills while a result is replaced: neither old nor new", "0 of 100", 0)


# Damage


def test_damage_is_found(dataset, tmp_path):
    folder = save(dataset, tmp_path)
    file, manifest = folder / "result.nc", folder / "manifest.json"
    content, said = file.read_bytes(), manifest.read_text()
    rng = np.random.default_rng(1)
    for place in rng.integers(0, len(content), 20):
        damaged = bytearray(content)
        damaged[place] ^= 1 << int(rng.integers(8))
        file.write_bytes(damaged)
        with pytest.raises(IntegrityError, match="changed since it was written"):
            store.load(folder)
    for damaged in (b"", content[:-1], content + b"x"):
        file.write_bytes(damaged)
        with pytest.raises(IntegrityError, match="changed"):
            store.load(file)
    file.write_bytes(content)
    for text in ("", "{", "[]", "{}", '{"format": 1}', '{"format": 1, "files": {}}', "\x00", said[:100]):
        manifest.write_text(text)
        with pytest.raises(IntegrityError):
            store.load(folder)
    manifest.write_text(said.replace('"format": 1', '"format": 3'))
    with pytest.raises(IntegrityError, match="format 3, this program reads up to 1"):
        store.load(folder)
    manifest.write_text(said)
    file.unlink()
    with pytest.raises(IntegrityError, match="missing"):
        store.load(folder)
    os.mkfifo(file)
    with pytest.raises(IntegrityError, match="neither a file nor a folder"):
        store.load(folder)


def test_what_is_no_result_is_a_mistake(dataset, tmp_path):
    save(dataset, tmp_path, "mine")
    with pytest.raises(Mistakes, match="did you mean 'mine'"):
        store.load(tmp_path / "mien")
    (tmp_path / "empty").mkdir()
    with pytest.raises(Mistakes, match="not a run folder"):
        store.load(tmp_path / "empty")
    (tmp_path / "text.nc").write_text("hello")
    with pytest.raises(IntegrityError, match="no readable netCDF"):
        store.load(tmp_path / "text.nc")
    dataset[["gwp"]].to_netcdf(tmp_path / "foreign.nc", engine="netcdf4")
    with pytest.raises(IntegrityError, match="not written by this program"):
        store.load(tmp_path / "foreign.nc")


def test_a_newer_file_alone_is_refused(dataset, tmp_path):
    netcdf.write(dataset, tmp_path / "result.nc", 9)
    with pytest.raises(IntegrityError, match="format 9"):
        store.load(tmp_path / "result.nc")


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"format": 1e999, "files": {}}', "[1]", '{"a": ' * 100_000, "\xff", ""]
)
def test_a_hostile_manifest_is_damage(text, dataset, tmp_path):
    folder = save(dataset, tmp_path)
    (folder / "manifest.json").write_text(text, "latin-1")
    with pytest.raises(IntegrityError, match=r"manifest.json: cannot be read \(\w+\); it is damaged"):
        store.load(folder)


@pytest.mark.parametrize("name", ["notes", "json_attributes", "simulate_format"])
def test_a_hostile_result_is_damage(name, dataset, tmp_path):
    path = tmp_path / "result.nc"
    netcdf.write(dataset, path, store.FORMAT)
    with netCDF4.Dataset(path, "a") as file:
        file.setncattr("name", "[" * 100_000 if name == "json_attributes" else "a")
        file.setncattr(name, "name" if name == "json_attributes" else "[" * 100_000)
    with pytest.raises(IntegrityError, match="damaged"):
        store.load(path)


def test_a_run_with_a_hostile_manifest_is_not_told_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ("assumptions=sevilla_2024", "thresholds=anchors", "draws=1000", "output=mine")
    assert simulate(*words).code == 0
    Path("outputs/mine/manifest.json").write_text("[" * 100_000)
    code, _, err = simulate(*words, "resume=true")
    assert (code, err) == (
        5,
        "error: outputs/mine/manifest.json: cannot be read (RecursionError); it is damaged\n",
    )
    code, _, err = simulate(*words)
    assert (code, err.partition(";")[0]) == (2, "error: output outputs/mine: exists")


# Old results

DATA = Path(__file__).parent / "data"
#: The digest of the result in `data/format_<number>`, one for each format that a released version has written.
OLD = {1: "aa2131e1393a32a05d6bb9f198f416c28a5845f658027dd06fdc561ae8a53e05"}


@pytest.mark.parametrize("number", OLD)
def test_old_results_stay_readable(number, capsys):
    folder = DATA / f"format_{number}"
    assert json.loads((folder / "manifest.json").read_text())["format"] == number
    old = store.load(folder)
    assert of_dataset(old) == OLD[number]
    report.show(old)
    assert "600 draws" in capsys.readouterr().out


def test_every_format_has_an_old_result():
    assert list(OLD) == list(range(1, store.FORMAT + 1))


def flipped(tmp_path, name, places):
    """Flip one bit of a file of a run folder at each place: it is found, or the result is what it was."""
    folder = tmp_path / "run"
    shutil.copytree(DATA / "format_1", folder)
    content = (folder / name).read_bytes()
    found = 0
    for place in places(len(content)):
        damaged = bytearray(content)
        damaged[place] ^= 1 << place % 8
        (folder / name).write_bytes(damaged)
        try:
            assert of_dataset(store.load(folder)) == OLD[1]
        except IntegrityError:
            found += 1
    return found, len(places(len(content)))


@pytest.mark.parametrize("step", [101, pytest.param(1, marks=pytest.mark.long)])
def test_no_flipped_byte_makes_another_result(step, tmp_path):
    found, tried = flipped(tmp_path / "result", "result.nc", lambda size: range(0, size, step))
    assert found == tried > 500
    found, tried = flipped(tmp_path / "manifest", "manifest.json", lambda size: range(0, size, step))
    assert 0 < found < tried
