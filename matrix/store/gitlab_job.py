"""The store of a GitLab job, from the variables that GitLab sets in it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from matrix.index.settings import Settings, read_proxies
from matrix.index.transport import Transport
from matrix.pipelines import release
from matrix.store import signed_index
from matrix.store.package_registry import PackageRegistry
from matrix.store.packages import Packages, PackagesRun

REQUIRED: Final = (
    "CI_API_V4_URL",
    "CI_JOB_ID",
    "CI_JOB_TOKEN",
    "CI_PIPELINE_ID",
    "CI_PROJECT_ID",
)
_CERTIFICATES: Final = "CI_SERVER_TLS_CA_FILE"
_HINT: Final = "run the pipeline again when GitLab answers; --no-store plans without the store"


def find_missing(environment: Mapping[str, str]) -> Sequence[str]:
    """The variables without which no registry can be asked."""
    return [name for name in REQUIRED if not environment.get(name)]


def read_run(environment: Mapping[str, str], *, tags: str = release.DEFAULT) -> PackagesRun:
    """
    The run of an ``environment`` that has the required variables.

    ``tags`` is how tags of releases start.
    """
    request = environment.get("CI_MERGE_REQUEST_IID", "")
    branch = environment.get("CI_COMMIT_BRANCH", "")
    is_default = bool(branch) and branch == environment.get("CI_DEFAULT_BRANCH", "")
    is_release = release.is_tag(environment.get("CI_COMMIT_TAG", ""), tags)
    is_protected = environment.get("CI_COMMIT_REF_PROTECTED") == "true"
    return PackagesRun(
        project=environment["CI_PROJECT_ID"],
        run=f"{environment['CI_PIPELINE_ID']}.{environment['CI_JOB_ID']}",
        request=request if request.isdecimal() else "",
        is_protected=is_protected and not request and (is_default or is_release),
    )


def open_registry(
    environment: Mapping[str, str],
    *,
    ca_bundle: str = "",
    log: Callable[[str], object] = lambda _line: None,
    sleep: Callable[[float], object] | None = None,
) -> PackageRegistry:
    """Open the registry of the job's project."""
    settings = Settings(
        url=f"{environment['CI_API_V4_URL'].rstrip('/')}/",
        # The certificates of the instance itself, which GitLab's runner writes into each job.
        ca_bundle=environment.get(_CERTIFICATES, "") or ca_bundle,
        proxies=read_proxies(),
        headers={"JOB-TOKEN": environment["CI_JOB_TOKEN"]},
    )
    transport = Transport(settings, log=log, sleep=sleep, hint=_HINT)
    return PackageRegistry(transport, project=environment["CI_PROJECT_ID"])


def open_packages(
    environment: Mapping[str, str],
    *,
    key: str,
    tags: str = release.DEFAULT,
    ca_bundle: str = "",
    log: Callable[[str], object] = lambda _line: None,
    sleep: Callable[[float], object] | None = None,
) -> Packages:
    """Open the store of the job's project; a secret that is not of ``key`` is an error."""
    secret = environment.get(signed_index.VARIABLE, "")
    seed = signed_index.parse_seed(secret, key=key) if secret and key else None
    registry = open_registry(environment, ca_bundle=ca_bundle, log=log, sleep=sleep)
    return Packages(registry, read_run(environment, tags=tags), key=key, seed=seed)
