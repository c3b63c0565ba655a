"""``python -m imbue.resource_guards explain`` has an entry for each message about something wrong."""

from __future__ import annotations

import inspect
import pkgutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import imbue.resource_guards
from imbue.resource_guards import messages
from imbue.resource_guards.kinds import ViolationKind
from imbue.resource_guards.messages.explanations import EXPLANATIONS
from imbue.resource_guards.messages.explanations import TOPICS

# By topic the messages that it explains, each as module.name.
EXPLAINED = {
    "missing-mark": "advice.to_add intercept.shim_refusal summary.lacking violations.FORK_CAME_BACK violations.blocked",
    "superfluous-mark": "summary.idle",
    "fixture-undeclared": "summary.contract",
    "fixture-unused": "fix.fix_contract_unseen",
    "some-parameters": "violations.mixed_parameters",
    "optional-mark": "availability.mark_arguments fix.fix_beside_optional fix.fix_sometimes nowhere.used_sometimes",
    "late-use": "report.table_late_uses violations.late_use",
    "used-in-collection": "violations.used_in_collection",
    "not-available": (
        "availability.not_on_path availability.not_installed availability.refused availability.command_failed "
        "availability.command_not_found availability.no_answer availability.unavailable availability.skipped_for "
        "report.not_on_path"
    ),
    "required": "availability.required_missing availability.required_untold",
    "probe": (
        "availability.probe_raised availability.probe_not_importable availability.probe_says_something_else "
        "availability.probe_bad availability.probe_not_a_function"
    ),
    "unknown-name": (
        "availability.probe_of_nothing availability.required_unknown catalogue.name_is_near declare.enforced_unknown "
        "declare.fixture_declares_unknown declare.library_unknown declare.name_perhaps declare.name_unknown "
        "options.warn_unknown"
    ),
    "unknown-setting": (
        "settings.setting_unknown settings.table_misnamed settings.table_misplaced settings.table_elsewhere "
        "settings.TABLE_IS_A_VALUE settings.table_without_name"
    ),
    "unknown-key": "catalogue.key_unknown settings.key_unknown",
    "unreadable-value": (
        "availability.seconds_bad availability.unavailable_unknown declare.binaries_is_text declare.binary_name_bad "
        "declare.extends_bad declare.fixture_declared_twice declare.fixture_declares_nothing "
        "declare.is_use_not_callable declare.libraries_is_text declare.mark_not_text declare.not_a_list "
        "declare.targets_is_text openers.loopback_bad options.items_unreadable options.mode_unknown options.path_empty options.text_unreadable "
        "options.switch_unreadable options.value_unreadable options.warn_unreadable settings.file_unreadable "
        "settings.no_list_of_texts"
    ),
    "unreadable-definition": (
        "declare.definition_unreadable declare.kind_not_in_settings declare.kind_unknown declare.kind_without_value"
    ),
    "unreadable-entry": (
        "catalogue.client_incomplete catalogue.clients_bad catalogue.file_missing catalogue.file_unreadable "
        "catalogue.not_in_package catalogue.value_bad"
    ),
    "unreadable-address": "addresses.address_unreadable",
    "unreadable-target": (
        "declare.methods_unreadable declare.target_unreadable openers.opener_is_generator "
        "openers.opener_is_no_function openers.opener_unreadable"
    ),
    "broken-target": (
        "intercept.guard_failed intercept.module_missing intercept.target_in_namespace intercept.target_is_abstract "
        "intercept.target_is_class intercept.target_is_protocol intercept.target_is_slot "
        "intercept.target_made_when_asked intercept.target_missing intercept.target_new_of_object "
        "intercept.target_not_callable intercept.target_of_class intercept.target_of_metaclass "
        "intercept.target_unpatchable"
    ),
    "missing-target": "intercept.target_is_missing",
    "option-of-nothing": (
        "declare.nothing_to_guard declare.replaced_by_nothing declare.sdk_guard_incomplete settings.extends_nothing "
        "settings.option_of_nothing settings.table_of_nothing"
    ),
    "mark-name": (
        "declare.guard_taken declare.mark_taken declare.name_empty declare.name_is_pytests declare.name_no_identifier "
        "declare.name_unprintable declare.two_marks"
    ),
    "broken-guard": (
        "declare.CLEANUP_FAILED declare.entry_point_failed declare.hook_failed declare.layer_bad declare.no_guard "
        "declare.no_kind intercept.cleanup_function_failed intercept.guard_raised intercept.guard_stays "
        "intercept.install_failed intercept.not_for_children intercept.not_in_child"
    ),
    "nothing-guarded": (
        "inventory.nothing_is_guarded options.DISCOVERY_AND_REPORTS options.RECORDS_OF_NOTHING "
        "options.RECORDS_WHILE_OFF"
    ),
    "cannot-be-known": "fix.fix_cannot_be_known report.CANNOT_BE_KNOWN report.cannot_be_known report.table_unsure",
    "children-not-guarded": "inventory.no_child_file report.children_not_guarded",
    "run-not-whole": (
        "gaps.NOT_WHOLE gaps.ended_before_all_were_known gaps.ended_early gaps.not_collected gaps.not_whole "
        "gaps.run_not_whole"
    ),
    "ran-nowhere": (
        "nowhere.for_a_reason nowhere.no_machine_had nowhere.not_available nowhere.not_selected nowhere.ran_nowhere "
        "nowhere.skipped report.NOT_ASKED_FOR"
    ),
    "comparison": (
        "compare.gained compare.guarded_before_alone compare.guarded_now_alone compare.lost compare.spread "
        "compare.test_needs compare.test_skipped"
    ),
    "reports": (
        "compare.no_test_in_common formats.format_hook_failed formats.format_name_taken formats.format_name_unusable "
        "formats.output_unreadable formats.report_not_rendered formats.report_not_written formats.summary_not_written "
        "report.LARGE_NUMBER report.NOT_EMPTY report.NO_REGULAR_FILE report.REPORT_NESTED_TOO_DEEPLY "
        "report.REPORT_TOO_LARGE_FOR_MEMORY report.file_too_large report.key_missing report.key_unknown report.misfit "
        "report.not_put_back report.number_between report.number_from report.one_of report.project_unknown "
        "report.report_of_another_kind report.report_of_another_version report.report_unreadable report.reports_differ"
    ),
    "fix": (
        "fix.CHANGED_MEANWHILE fix.FIX_UNTRUSTWORTHY fix.fix_broad_unseen fix.fix_by_hook fix.fix_cannot_be_pasted "
        "fix.fix_changed_since fix.fix_elsewhere fix.fix_inherited fix.fix_inseparable fix.fix_left_alone "
        "fix.fix_mark_from_elsewhere fix.fix_no_file fix.fix_not_put_back fix.fix_not_written fix.fix_of_another_root "
        "fix.fix_outside fix.fix_put_back fix.fix_read_only fix.fix_read_only_folder fix.fix_shown_as_it_is "
        "fix.fix_undone fix.fix_unknown_content fix.fix_unseen options.fix_of_untrustworthy reasons.ASSIGNED "
        "reasons.CONTRACT_UNREADABLE reasons.DEFINED_TWICE reasons.MARKS_UNREADABLE reasons.NAME_NOT_THERE "
        "reasons.NOT_FOUND reasons.NOT_KEPT reasons.NOT_THERE reasons.NO_CONTRACT reasons.NO_PARAMETRIZE "
        "reasons.NO_SUCH_VALUES reasons.PYTESTMARK_NESTED reasons.PYTESTMARK_SCATTERED reasons.PYTESTMARK_UNREADABLE "
        "reasons.PYTEST_IS_OTHER reasons.UNREADABLE_FILE reasons.VALUES_STARRED reasons.VALUES_UNREADABLE "
        "reasons.VALUE_MADE_ELSEWHERE reasons.WOULD_NOT_PARSE reasons.not_a_mark_name"
    ),
    "discovery": (
        "discover.NATIVE_LAYER discover.NOTHING discover.OUT_OF_REACH discover.file_unreadable "
        "discover.file_unwritable discover.left_out discover.mixed discover.nobody_listens discover.not_discovery "
        "discover.not_known discover.not_seen discover.other_pythons discover.setting_odd"
    ),
    "unreliable-run": (
        "compare.untrustworthy intercept.shim_no_record intercept.shim_no_state markdown.PROBLEMS "
        "trust.directory_locked trust.directory_unreadable trust.journal_cut trust.journal_foreign "
        "trust.journal_out_of_reach trust.journal_removed trust.journal_replaced trust.journal_torn "
        "trust.journal_unwritable trust.RUN_UNTRUSTWORTHY trust.state_unwritable trust.tests_overlap "
        "trust.verdicts_lost"
    ),
    "cannot-start": (
        "intercept.WRITABLE_BY_OTHERS intercept.directory_has_colon "
        "intercept.directory_noexec intercept.directory_unwritable options.start_failed"
    ),
    "layer": "inventory.layer_missing inventory.layer_unknown inventory.needs_posix_shell report.no_shims",
    "native-layer": (
        "intercept.NATIVE_NEEDS_COMPILER intercept.native_no_cache intercept.native_not_compiled "
        "intercept.native_not_loaded intercept.native_unavailable intercept.native_unfit inventory.native_is_off"
    ),
    "missing-package": "discover.NEEDS_TOMLKIT options.FIX_NEEDS_LIBCST summary.INSTALL",
    "internal-error": "fix.fix_failed options.program_failed",
}

# What needs no explanation, by module: parts of sentences, titles, counts, help, and what went well.
NOTHING_WRONG = {
    "advice": "GENERATED PARAMETRIZE params_of_fixture",
    "availability": "SUMMARY_TITLE",
    "catalogue": "notes",
    "common": "cause counted nearest quoted raised",
    "compare": (
        "BASE_HELP CHANGES COMPARE_FORMAT_HELP COMPARE_HELP FAIL_HELP GONE HEAD_HELP NEW NEWLY NOTHING NO_LONGER "
        "NO_REASON SECONDS SKIPS TITLE UNCOLLECTED_BEFORE UNCOLLECTED_NOW heading seconds"
    ),
    "declare": "BY_PLUGIN marker_line",
    "discover": (
        "HEADER NEXT NEXT_WRITE NOTHING_NEW TITLE example own_servers row settings_for written"
    ),
    "explanations": "ALL EXPLAIN_HELP TOPIC_HELP explained listed topic_unknown topics_like",
    "fix": "FIX_TITLE fix_edit fix_more fix_summary fix_would_change fix_written",
    "foreign": "shown shown_lines",
    "formats": "HTML_PURPOSE JSON_PURPOSE TABLE_PURPOSE",
    "inventory": "CHILDREN_SEE CHILDREN_TITLE LAYERS_TITLE NATIVE_SEES NATIVE_TITLE inventory_origin layer_live layer_off",
    "markdown": "MARKDOWN_PURPOSE MARKED OPTIONAL SAVED TITLE UNMARKED VIOLATIONS all_tests and_more seen tests_of",
    "nowhere": "FAIL_HELP",
    "options": (
        "DEFINE_HELP DISCOVER_HELP DISCOVER_JSON_HELP DISCOVER_WRITE FIX_DIRTY_HELP FIX_FILE_HELP FIX_HELP HTML_HELP "
        "JSON_HELP LIST_HELP MERGE_HELP MODE_HELP NAMES_HELP NATIVE_HELP OUTPUT_HELP PROBE_SECONDS_HELP PROGRAM_HELP "
        "REPORT_FORMAT_HELP REPORT_HELP REPORT_OUTPUT_HELP REQUIRE_HELP REQUIRE_LAYERS_HELP ROOT_HELP SUMMARY_HELP UNAVAILABLE_HELP "
        "WARN_HELP program_error"
    ),
    "page": "MISSING NO_SCRIPT SUPERFLUOUS UNDECLARED UNUSED",
    "report": (
        "REPORT_TITLE SUMMARY_TITLE header selection table_optional table_outcomes table_test"
    ),
    "seconds": "UNKNOWN as_far_as_known duration of_resource",
    "settings": "BY_NAMES by_entry by_line by_package by_table",
    "summary": "EXPLAIN FOR_PROGRAMS fix left_out through_fixtures",
    # A violation's own text is of the kinds above.
    "violations": (
        "BY_HOOK GAVE_WORK also_with carrier ended_with fact place summary_line use_and_place violation with_own_end"
    ),
}

# Texts of one module that another one shows too.
SHARED = {
    "report.CHILD_PYTHONS",
    "report.OTHER_CLIENTS",
    "report.PATHS_IN_ARGUMENTS",
    "report.OTHER_PROGRAMS",
    "advice.BY_HOOK",
}


def in_the_code() -> set[str]:
    """Each message of the program, as module.name."""
    found = set()
    for info in pkgutil.iter_modules(messages.__path__):
        module = import_module(f"{messages.__name__}.{info.name}")
        found |= {
            f"{info.name}.{name}"
            for name, value in vars(module).items()
            if not name.startswith("_")
            and (
                (inspect.isfunction(value) and value.__module__ == module.__name__)
                or (isinstance(value, str) and name.isupper())
            )
        }
    return found - SHARED


def listed() -> list[str]:
    """Each message of the tables above."""
    names = [name for some in EXPLAINED.values() for name in some.split()]
    return names + [
        f"{module}.{name}" for module, some in NOTHING_WRONG.items() for name in some.split()
    ]


def explain(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command, as an installed package: no page of the documentation is beside it."""
    return subprocess.run(
        [sys.executable, "-m", "imbue.resource_guards", "explain", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_each_message_has_an_entry() -> None:
    """A message that is added without an entry fails this test, and so does one that is gone."""
    names = listed()

    unexplained = sorted(in_the_code() - set(names))
    gone = sorted(set(names) - in_the_code())

    assert not unexplained, "add them to EXPLAINED, and explain them"
    assert not gone
    assert len(names) == len(set(names))


def test_each_entry_explains_a_message() -> None:
    """No entry is left over, and each kind of violation has one."""
    assert set(EXPLAINED) == set(EXPLANATIONS)
    assert set(TOPICS) == set(ViolationKind)
    assert set(TOPICS.values()) <= set(EXPLANATIONS)


@pytest.mark.parametrize("topic", EXPLANATIONS)
def test_an_entry_can_be_read(topic: str) -> None:
    """It says what to do, in lines that a terminal can show."""
    about, text = EXPLANATIONS[topic]

    assert "\n\nWhat to do\n  - " in text
    assert len(about) <= 80
    assert max(map(len, text.splitlines())) <= 110


def test_the_list_has_all_kinds() -> None:
    """Without a kind, each has a line that says what it is about."""
    done = explain()

    assert done.returncode == 0
    lines = done.stdout.splitlines()
    for topic, (about, _) in EXPLANATIONS.items():
        assert [line.split() for line in lines].count([topic, *about.split()]) == 1


def test_one_kind_is_explained_without_the_documentation() -> None:
    """All that is shown is in the package, which has no pages of documentation."""
    done = explain("unreadable-address")

    assert done.returncode == 0
    assert done.stdout == (
        "unreadable-address\n\nAn address has an unknown form.\n\n"
        f"{EXPLANATIONS['unreadable-address'].text}\n"
    )
    assert not [*Path(imbue.resource_guards.__file__).parent.rglob("*.md")]


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        (("superfluous",), ["superfluous-mark"]),
        (("Missing", "Mark"), ["missing-mark"]),
        (("all",), list(EXPLANATIONS)),
    ],
    ids=["a part", "two words", "all"],
)
def test_a_kind_is_found_by_a_part_of_its_name(words: tuple[str, ...], kinds: list[str]) -> None:
    """In any case, and with a blank for the hyphen."""
    done = explain(*words)

    assert done.returncode == 0
    assert [line for line in done.stdout.splitlines() if line in EXPLANATIONS] == kinds


def test_a_kind_that_does_not_exist() -> None:
    """The error is one line, and names the kind that is nearly called so."""
    done = explain("mising-mark")

    assert done.returncode
    assert "no kind of message is called 'mising-mark'; did you mean 'missing-mark'?" in done.stderr
    assert "Traceback" not in done.stderr
