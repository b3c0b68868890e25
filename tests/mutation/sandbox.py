# SPDX-License-Identifier: GPL-2.0-or-later
"""A copy of the source tree with a build of its own, in which one file at a time is changed.

What is changed is only ever the copy, so a run that is killed leaves nothing behind that matters:
the next one brings the copy up to date again.
"""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'structure'))
import tree  # noqa: E402  the list of files that are or could be committed

SUITES = ('unit', 'traces', 'property', 'integration')
# As long as all others together, for what the stories say already.
LEFT_OUT = ('runaways',)
# Of the suite integration only what the kernel takes part in for one of the files; as root.
NATIVE = ('native-psi',)
# No warnings; what the sanitizers of build/check would say of an index or a sum ends the program.
FLAGS = ('-w -fsanitize=bounds,shift,signed-integer-overflow,integer-divide-by-zero '
         '-fsanitize-undefined-trap-on-error')
# Enough walks to come everywhere, in a second instead of ten.
ENVIRONMENT = {'PROPERTY_WALKS': '100'}
# A test that takes longer hangs. The first is processor time, so that a
# busy machine makes no verdict; the second is for one that waits.
CPU_SECONDS = 10
WALL_SECONDS = 30
SKIPPED = 77


class Test:
    def __init__(self, entry, build):
        self.name, self.suite = entry['name'], suite_of(entry)
        self.command, self.env = entry['cmd'], entry['env']
        self.program = next(str((build / word).relative_to(build)) for word in self.command
                            if (build / word).is_relative_to(build))
        self.sources = set()  # the C files in it, by their last name
        self.caught = 0


def suite_of(entry):
    return entry['suite'][0].split(':')[-1]


def is_wanted(entry):
    if suite_of(entry) == 'integration':
        return entry['name'] in NATIVE
    return suite_of(entry) in SUITES and entry['name'] not in LEFT_OUT


def limit():
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    resource.setrlimit(resource.RLIMIT_FSIZE, (256 << 20, 256 << 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run_bounded(command, env, cwd):
    """The exit status; one that is not 0 when the time is up."""
    child = subprocess.Popen(command, env={**os.environ, **env, **ENVIRONMENT}, cwd=cwd,
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL, preexec_fn=limit, start_new_session=True)
    try:
        return child.wait(WALL_SECONDS)
    except subprocess.TimeoutExpired:
        return -signal.SIGALRM
    finally:
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        child.wait()


class Sandbox:
    def __init__(self, place):
        self.root, self.build = place / 'tree', place / 'tree' / 'build'
        self.log = place / 'build.log'
        self.changed = None
        self.copy()
        self.set_up()
        self.tests = self.read_tests()
        self.objects = {}

    def copy(self):
        """Bring the copy up to date; what is the same keeps its time, so it is not built anew."""
        wanted = tree.files()
        for path in wanted:
            source, target = tree.ROOT / path, self.root / path
            if not target.is_file() or source.read_bytes() != target.read_bytes():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)
        for target in list(self.root.rglob('*')):
            path = target.relative_to(self.root)
            if target.is_file() and path.parts[0] != 'build' and path not in wanted:
                target.unlink()

    def call(self, *command):
        with open(self.log, 'ab') as log:
            return subprocess.run(command, stdout=log, stderr=log, cwd=self.root,
                                  check=False).returncode == 0

    def ninja(self, *targets):
        return self.call('ninja', '-j1', '-C', self.build, *targets)

    def set_up(self):
        """No sanitizers, warnings or debug information: a mutant is to be built in a moment."""
        self.log.write_bytes(b'')
        if not (self.build / 'build.ninja').exists():
            shutil.rmtree(self.build, ignore_errors=True)
            if not self.call('meson', 'setup', '--buildtype=plain', '-Doptimization=1',
                             '-Dwarning_level=0', '-Db_ndebug=false', f'-Dc_args={FLAGS}', '-Dtests=enabled',
                             '-Dman=disabled', self.build, self.root):
                sys.exit(f'run: meson setup failed; see {self.log}')

    def read_tests(self):
        # brings build.ninja up to date first, when a meson.build changed
        self.ninja('build.ninja')
        told = subprocess.run(['meson', 'introspect', '--tests', self.build], check=True,
                              capture_output=True, text=True).stdout
        tests = [Test(entry, self.build) for entry in json.loads(told) if is_wanted(entry)]
        if not self.ninja(*{test.program for test in tests}):
            sys.exit(f'run: the unchanged tree does not build; see {self.log}')
        for test in tests:
            symbols = subprocess.run(['nm', '-a', self.build / test.program], check=True,
                                     capture_output=True, text=True).stdout
            test.sources = {line.split(' a ')[1] for line in symbols.splitlines()
                            if ' a ' in line}
        return tests

    def check_unchanged(self, paths):
        """Leave out the tests that are skipped here; a failed one would notice everything."""
        names = {Path(path).name for path in paths}
        self.tests = [test for test in self.tests if test.sources & names]
        status = {test: self.run(test) for test in self.tests}
        failed = [test.name for test in self.tests if status[test] not in (0, SKIPPED)]
        if failed:
            sys.exit(f'run: fails in the unchanged tree: {", ".join(failed)}')
        self.tests = [test for test in self.tests if status[test] == 0]

    def run(self, test):
        return run_bounded(test.command, test.env, self.build)

    def order(self, path):
        """The tests that have the file in them: its own, then those that caught the most so far."""
        stem = Path(path).stem
        return sorted((test for test in self.tests if Path(path).name in test.sources),
                      key=lambda test: (test.name != f'test-{stem}',
                                        (SUITES.index(test.suite), -test.caught)))

    def object_of(self, path):
        """The object file of a source, below the build directory."""
        commands = json.loads((self.build / 'compile_commands.json').read_text())
        wanted = self.root / path
        return next(c['output'] for c in commands
                    if (Path(c['directory']) / c['file']).resolve() == wanted.resolve())

    def write(self, path, text):
        (self.root / path).write_text(text)

    def restore(self):
        if self.changed:
            self.write(self.changed, tree.text(self.changed))
            self.ninja(self.object_of(self.changed))
            self.changed = None

    def try_mutant(self, path, text):
        """'broken', 'same', None for one that no test notices, or the name of the test."""
        if self.changed != path:
            self.restore()
        target = self.object_of(path)
        if path not in self.objects:
            self.objects[path] = (self.build / target).read_bytes()
        self.changed = path
        self.write(path, text)
        if not self.ninja(target):
            return 'broken'
        if (self.build / target).read_bytes() == self.objects[path]:
            return 'same'
        for test in self.order(path):
            if not self.ninja(test.program):
                return 'broken'
            if self.run(test) != 0:
                test.caught += 1
                return test.name
        return None
