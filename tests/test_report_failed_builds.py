from matrix.errors import Problem
from matrix.report.failed_builds import markdown


def test_a_summary_says_cause_lines_and_hint() -> None:
    first = Problem(
        place="x.00: mysqlclient 2.3.1",
        what="missing header: mysql.h",
        hint="recipes: {mysqlclient: {system: {apt: [libmariadb-dev]}}}",
        lines=("x.c:1: fatal error: <b>mysql.h</b>", "read logs/x.log"),
    )
    second = Problem(place="x.00", what="blocked    a 1.0, which needs mysqlclient 2.3.1")

    assert markdown([first, second]) == (
        "### x.00: mysqlclient 2.3.1\n"
        "\n"
        "missing header: mysql.h\n"
        "\n"
        "    x.c:1: fatal error: <b>mysql.h</b>\n"
        "    read logs/x.log\n"
        "\n"
        "Try: recipes: {mysqlclient: {system: {apt: &#91;libmariadb-dev&#93;}}}\n"
        "\n"
        "### x.00\n"
        "\n"
        "blocked a 1.0, which needs mysqlclient 2.3.1\n"
        "\n"
    )
