"""A store that third_party/peers.sh has built, as a repository.

Only targets with the tag "manual" depend on one: it takes a while to build, and a plain build neither needs it nor looks
for it. Building is left to peers.sh, which ./bazelw calls, so that a mere query never starts it.
"""

def _peer_library_impl(repository_ctx):
    peer = repository_ctx.attr.peer
    script = repository_ctx.path(Label("//third_party:peers.sh"))
    found = repository_ctx.execute([script, "--print", peer])
    if found.return_code != 0:
        fail(found.stderr.strip())
    directory = found.stdout.strip()
    repository_ctx.symlink(directory + "/include", "include")
    repository_ctx.symlink(directory + "/lib/lib%s.a" % peer, "lib%s.a" % peer)
    repository_ctx.file("generated/peer/%s_build.h" % peer, """// How third_party/peers.sh built it.
#pragma once

namespace aeternus::bench::peer {{

inline constexpr char k{name}Build[] = "{flags}";

}}  // namespace aeternus::bench::peer
""".format(name = peer.capitalize(), flags = repository_ctx.read(directory + "/FLAGS").strip()))
    repository_ctx.file("WORKSPACE")
    repository_ctx.file("BUILD.bazel", """load("@rules_cc//cc:defs.bzl", "cc_library")

cc_library(
    name = "{peer}",
    testonly = True,
    srcs = ["lib{peer}.a"],
    hdrs = glob(["include/**/*.h", "generated/**/*.h"]),
    includes = ["generated", "include"],
    linkopts = {linkopts},
    deps = {deps},
    visibility = ["//visibility:public"],
)
""".format(
        peer = peer,
        linkopts = repr(repository_ctx.attr.linkopts),
        deps = repr([str(dep) for dep in repository_ctx.attr.deps]),
    ))

peer_library = repository_rule(
    implementation = _peer_library_impl,
    environ = ["HOME"],
    local = True,
    attrs = {
        "deps": attr.label_list(doc = "what its archive leaves open"),
        "linkopts": attr.string_list(doc = "the libraries of the system that it needs"),
        "peer": attr.string(mandatory = True, doc = "its name in peers.sh"),
    },
)
