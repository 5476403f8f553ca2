"""A library that the machine has installed, as a repository.

Only targets with the tag "manual" depend on one, so that a plain build neither needs nor looks for it.
"""

def _system_library_impl(repository_ctx):
    name = repository_ctx.attr.library
    headers = repository_ctx.path("/usr/include/" + name)
    if not headers.exists:
        fail("%s is missing: this target needs Debian's package %s; run: apt-get install %s" %
             (headers, repository_ctx.attr.package, repository_ctx.attr.package))
    repository_ctx.symlink(headers, "include/" + name)
    repository_ctx.file("WORKSPACE")
    repository_ctx.file("BUILD.bazel", """load("@rules_cc//cc:defs.bzl", "cc_library")

cc_library(
    name = "{name}",
    testonly = True,
    hdrs = glob(["include/**/*.h"]),
    includes = ["include"],
    linkopts = ["-l{name}"],
    visibility = ["//visibility:public"],
)
""".format(name = name))

system_library = repository_rule(
    implementation = _system_library_impl,
    local = True,
    attrs = {
        "library": attr.string(mandatory = True, doc = "of headers under /usr/include and of -l"),
        "package": attr.string(mandatory = True, doc = "the Debian package that has both"),
    },
)
