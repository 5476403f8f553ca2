// What a database must hold: a map from every key ever written or deleted to its value, or to none. So simple that it
// is right by inspection; the workloads compare the database with it.
//
//   Oracle oracle;
//   oracle.Put("a", "1");
//   oracle.DeleteRange("a", "b");
//   oracle.Get("a")                  // nullopt
//
// Thread safety: one thread at a time.
#ifndef AETERNUS_STRESS_ORACLE_H_
#define AETERNUS_STRESS_ORACLE_H_

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aeternus::stress {

class Oracle {
 public:
  using Pairs = std::vector<std::pair<std::string, std::string>>;

  void Put(std::string_view key, std::string_view value);
  void Delete(std::string_view key);
  // Deletes [start, end). Keys that were never written stay unknown.
  void DeleteRange(std::string_view start, std::string_view end);

  // The value of `key`; nullopt when it was deleted or never written.
  std::optional<std::string> Get(std::string_view key) const;
  // Every pair that is there in [start, end), in key order.
  Pairs VisiblePairs(std::string_view start, std::string_view end) const;

 private:
  std::map<std::string, std::optional<std::string>, std::less<>> values_;
};

}  // namespace aeternus::stress

#endif  // AETERNUS_STRESS_ORACLE_H_
