import datetime

from matrix.manifest.expiry import find_expired, find_expiring

from .manifests import manifest

ENTRY = "{requirement: six, exclude: [{target: prod, reason: no wheel, until: 2027-06-01}]}"
LAST = datetime.date(2027, 6, 1)
DAY = datetime.timedelta(days=1)


def test_an_exclusion_expires_after_its_last_day() -> None:
    excluding = manifest(ENTRY)

    (problem,) = find_expired(excluding, LAST + DAY)
    assert str(problem) == (
        "packages.yaml:14: the exclusion of six from 'prod' ended on 2027-06-01: no wheel\n"
        "  hint: remove the exclusion, or set a later `until`"
    )
    assert find_expired(excluding, LAST) == ()


def test_an_exclusion_is_announced_thirty_days_before_its_last_day() -> None:
    excluding = manifest(ENTRY)

    (problem,) = find_expiring(excluding, LAST - 30 * DAY)
    assert str(problem) == (
        "packages.yaml:14: the exclusion of six from 'prod' ends on 2027-06-01: no wheel"
    )
    assert find_expiring(excluding, LAST) == (problem,)
    assert find_expiring(excluding, LAST - 31 * DAY) == ()
    assert find_expiring(excluding, LAST + DAY) == ()


def test_an_exclusion_without_a_last_day_never_expires() -> None:
    excluding = manifest("{requirement: six, exclude: [{target: prod, reason: no wheel}]}")

    assert find_expired(excluding, datetime.date.max) == ()
    assert excluding.packages[0].exclude[0].why == "no wheel"


def test_the_reason_names_the_last_day() -> None:
    assert manifest(ENTRY).packages[0].exclude[0].why == "no wheel (until 2027-06-01)"
