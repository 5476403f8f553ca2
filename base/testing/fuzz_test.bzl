"""fuzz_test: one decoder under libFuzzer with --config=fuzz; in other builds a test that replays its corpus."""

load("@rules_cc//cc:defs.bzl", "cc_test")

def fuzz_test(name, srcs, deps, **kwargs):
    """A fuzzer of one decoder.

    Args:
      name: x_fuzz; the corpus is the folder x_fuzz_corpus beside the BUILD file.
      srcs: the source that defines what base/testing/fuzz.h asks for.
      deps: what it includes besides that header.
      **kwargs: for cc_test.
    """
    corpus = name + "_corpus"
    cc_test(
        name = name,
        size = "small",
        srcs = srcs,
        args = ["%s/%s" % (native.package_name(), corpus)],
        data = native.glob([corpus + "/**"]),
        linkopts = select({
            "//base/testing:libfuzzer": ["-fsanitize=fuzzer"],
            "//conditions:default": [],
        }),
        tags = ["fuzz"],
        deps = deps + ["//base/testing:fuzz"] + select({
            "//base/testing:libfuzzer": ["//base/testing:fuzz_libfuzzer"],
            "//conditions:default": ["//base/testing:fuzz_replay"],
        }),
        **kwargs
    )
