#include "bench/groups.h"

#include <iterator>
#include <utility>

namespace aeternus::bench {

std::vector<Group> AllGroups() {
  std::vector<Group> all;
  for (std::vector<Group> some : {FillGroups(), ReadGroups(), YcsbGroups(), DeleteGroups(), OpenGroups()}) {
    all.insert(all.end(), std::make_move_iterator(some.begin()), std::make_move_iterator(some.end()));
  }
  return all;
}

}  // namespace aeternus::bench
