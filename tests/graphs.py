"""Small dependency graphs with everything that makes resolution hard, for Hypothesis."""

from hypothesis import strategies as st

from .memory_index import Graph, Release

PROJECTS = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta")
VERSIONS = ("1.0", "1.1", "2.0", "3.0")
TARGETS = {
    "cp27-manylinux_2_17_x86_64": ("manylinux_2_17_x86_64", "2.7.18"),
    "cp39-manylinux_2_28_x86_64": ("manylinux_2_28_x86_64", "3.9.18"),
    "cp312-manylinux_2_28_x86_64": ("manylinux_2_28_x86_64", "3.12.4"),
    "cp312-win_amd64": ("win_amd64", "3.12.4"),
    "cp313-macosx_12_0_arm64": ("macosx_12_0_arm64", "3.13.0"),
}

_SPECIFIERS = ("", "", "", "<2", ">=2", "<3", "!=2.0", "~=1.0", "==1.*", ">=1.1,<3")
_MARKERS = (
    "", "", "", "; python_version < '3'", "; sys_platform == 'win32'",
    "; python_full_version >= '3.9.7'", "; platform_machine == 'arm64'", "; extra == 'more'",
)  # fmt: skip
_PYTHONS = ("", "", "", ">=3", ">=3.9.5,<3.13", "<3", "!=3.12.4", ">=2.7,!=3.0.*")
_TAGS = (
    "py2.py3-none-any", "py2.py3-none-any", "py3-none-any", "cp312-cp312-win_amd64",
    "cp39-abi3-manylinux_2_28_x86_64",
)  # fmt: skip

requirements = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(PROJECTS),
    st.sampled_from(("", "", "[more]")),
    st.sampled_from(_SPECIFIERS),
    st.sampled_from(_MARKERS),
)
releases = st.builds(
    Release,
    requires=st.lists(requirements, max_size=3).map(tuple),
    requires_python=st.sampled_from(_PYTHONS),
    extras=st.just(("more",)),
    tag=st.sampled_from(_TAGS),
)
graphs: st.SearchStrategy[Graph] = st.dictionaries(
    st.sampled_from(PROJECTS),
    st.dictionaries(st.sampled_from(VERSIONS), releases, min_size=1),
    min_size=2,
)
roots = st.lists(
    st.builds(
        "{}{}{}".format,
        st.sampled_from(PROJECTS),
        st.sampled_from(("", "[more]")),
        st.sampled_from(_SPECIFIERS),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda text: text.partition("[")[0].rstrip("<>=!~.,*0123456789"),
)
targets = st.lists(st.sampled_from(sorted(TARGETS)), min_size=1, unique=True)
