"""Runs unittest's tests and writes what came of them as JUnit XML: REPORT WISH, where WISH is {"files": [PATH], "again": [ID]}.

FILES are those that look like tests: what discovery does not come to is loaded by its path. With AGAIN only these are run.
"""

import importlib
import importlib.util
import json
import os
import sys
import time
import traceback
import unittest
from xml.sax.saxutils import escape, quoteattr


def plain(text):
    return "".join(c if c in "\t\n\r" or (c >= " " and c not in "\ufffe\uffff" and not "\ud800" <= c <= "\udfff") else "\ufffd" for c in str(text))


# What fails outside of a test: its names in reports.
OUTSIDE = ("setUpClass", "tearDownClass", "setUpModule", "tearDownModule")
BROKEN = "unittest.loader._FailedTest."


class Result(unittest.TextTestResult):
    # What is run again, by the names of reports; none in the first round.
    again = frozenset()

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.rows = []
        self.began = time.monotonic()

    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()

    def row(self, test, kind, message="", text=""):
        self.named(test.id(), kind, message, text)

    def named(self, name, kind, message="", text=""):
        # A subtest has its values behind the name; what failed outside of a test, such as setUpClass, is written with them.
        head, space, rest = name.partition(" ")
        module, _, last = head.rpartition(".")
        if head in OUTSIDE:
            module, last = rest.strip("()"), head
            space = rest = ""
        self.rows.append((module, last + space + rest, time.monotonic() - self.began, kind, message, text))

    def settle(self, known):
        """Says what is well now of what failed before and has no row of its own when it is well; KNOWN are the modules that were loaded."""
        bad = {"%s.%s" % row[:2] for row in self.rows if row[3] in ("failure", "error")}
        for name in self.again:
            head, _, last = name.rpartition(".")
            is_loaded = name.startswith(BROKEN) and name[len(BROKEN):] in known
            if name not in bad and (last in OUTSIDE or is_loaded):
                self.named("%s (%s)" % (last, head) if last in OUTSIDE else name, None)

    def trace(self, err):
        return "".join(traceback.format_exception(*err))

    def addSuccess(self, test):
        super().addSuccess(test)
        # A subtest that failed before has a row of its own; its test has none, as in the first round.
        own = [name for name in self.again if name.startswith(test.id() + " ")]
        done = {"%s.%s" % row[:2] for row in self.rows}
        for name in own:
            if name not in done:
                self.named(name, None)
        if not own or test.id() in self.again:
            self.row(test, None)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.row(test, "failure", str(err[1]), self.trace(err))

    def addError(self, test, err):
        super().addError(test, err)
        self.row(test, "error", "%s: %s" % (err[0].__name__, err[1]), self.trace(err))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.row(test, "skipped", reason)

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self.row(test, None)

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.row(test, "failure", "it was expected to fail, and passed")

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            kind = "failure" if issubclass(err[0], test.failureException) else "error"
            self.row(subtest, kind, str(err[1]), self.trace(err))
        elif subtest.id() in self.again:
            self.row(subtest, None)


class Loader(unittest.TestLoader):
    """Remembers what it loaded."""

    def __init__(self, files):
        super().__init__()
        self.files = files

    def loadTestsFromModule(self, module, *args, **kwargs):
        if getattr(module, "__file__", None):
            self.files[os.path.realpath(module.__file__)] = module.__name__
        return super().loadTestsFromModule(module, *args, **kwargs)


def flat(suite):
    for one in suite:
        if isinstance(one, unittest.TestSuite):
            yield from flat(one)
        else:
            yield one


class Broken(unittest.TestCase):
    """Stands for a file that cannot be loaded."""

    def __init__(self, name, error):
        super().__init__("fail_to_load")
        self.name, self.error = name, error

    def id(self):
        return BROKEN + self.name

    def fail_to_load(self):
        raise self.error


def place(path):
    """Gives the folder that a file's imports begin from, and the name of its module; whether it stands in a package."""
    parts = os.path.relpath(path)[: -len(".py")].split(os.sep)
    base = len(parts) - 1
    while base > 0 and os.path.isfile(os.path.join(*parts[:base], "__init__.py")):
        base -= 1
    is_packed = base < len(parts) - 1
    # Two files of one name in two folders are two modules.
    return os.path.join(os.getcwd(), *parts[:base]), ".".join(parts[base:] if is_packed else parts), is_packed


def module_of(path):
    """Loads a file that discovery did not come to."""
    base, name, is_packed = place(path)
    sys.path.insert(0, base)
    if is_packed:
        module = importlib.import_module(name)
        if os.path.realpath(module.__file__) == os.path.realpath(path):
            return module
        # Another package of the same name came first.
        name = ".".join(os.path.relpath(path)[: -len(".py")].split(os.sep))
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def found(files):
    """Finds all tests: what discovery finds, then what is in the files that it did not come to."""
    # A folder of tests that is no package is looked into on its own.
    sys.path[:1] = ["", "tests", "test"]
    seen = {}
    suite = Loader(seen).discover(".", "test*.py")
    for folder in ("tests", "test"):
        if os.path.isdir(folder) and not os.path.isfile(os.path.join(folder, "__init__.py")):
            own = {}
            try:
                suite.addTests(Loader(own).discover(folder, "test*.py"))
                seen.update(own)
            except ImportError:
                # Two files have one name: they are loaded by their paths.
                pass
    # What cannot be loaded, or says that it is to be skipped, is a test of the loader's with the name of the module.
    for test in flat(suite):
        if type(test).__module__ == "unittest.loader":
            inner = getattr(test, "_testMethodName", "").replace(".", os.sep) + ".py"
            for folder in (".", "tests", "test"):
                seen.setdefault(os.path.realpath(os.path.join(folder, inner)), "")
    for path in files:
        if os.path.realpath(path) not in seen:
            try:
                suite.addTests(Loader(seen).loadTestsFromModule(module_of(path)))
            except BaseException as error:
                # It fails, or is skipped, where tests are run.
                suite.addTest(Broken(place(path)[1], error))
    return suite, set(seen.values())


def wanted(suite, again):
    """Leaves the tests that failed; all of a class or a module where what is around its tests failed."""
    tests, around = set(), []
    for name in again:
        head, _, last = name.partition(" ")[0].rpartition(".")
        if last in OUTSIDE:
            around.append(head + ".")
        elif name.startswith(BROKEN):
            tests.add(name)
            around.append(name[len(BROKEN):] + ".")
        else:
            tests.add(name.partition(" ")[0])
    return unittest.TestSuite(test for test in flat(suite) if test.id() in tests or test.id().startswith(tuple(around)))


def main():
    report, wish = sys.argv[1], sys.argv[2]
    with open(wish, encoding="utf-8") as text:
        wish = json.load(text)
    sys.argv = ["python -m unittest"]
    suite, known = found(wish["files"])
    Result.again = frozenset(wish["again"])
    if wish["again"]:
        suite = wanted(suite, wish["again"])
    result = unittest.TextTestRunner(verbosity=1, resultclass=Result).run(suite)
    result.settle(known)
    with open(report, "w", encoding="utf-8") as out:
        out.write('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites><testsuite name="unittest">\n')
        for module, name, took, kind, message, text in result.rows:
            out.write("<testcase classname=%s name=%s time=\"%.3f\">" % (quoteattr(plain(module)), quoteattr(plain(name)), took))
            if kind:
                out.write("<%s message=%s>%s</%s>" % (kind, quoteattr(plain(message)), escape(plain(text)), kind))
            out.write("</testcase>\n")
        out.write("</testsuite></testsuites>\n")
    sys.exit(0 if result.wasSuccessful() else 1)


if __name__ == "__main__":
    main()
