#include "bench/chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "absl/strings/str_format.h"

namespace aeternus::bench {
namespace {

constexpr int kLabelWidth = 200;
constexpr int kPlotWidth = 560;
constexpr int kRowHeight = 20;
constexpr int kTop = 60;
constexpr std::array<const char*, 4> kColors = {"#c0392b", "#2471a3", "#7d8a2e", "#8e6bb0"};

struct Dot {
  size_t engine;
  double ratio;  // to the best peer
};

struct Line {
  std::string row;
  std::vector<Dot> dots;
};

std::vector<Line> LinesOf(const Results& results) {
  std::vector<Line> lines;
  for (const std::string& row : results.rows) {
    const Engine* best = results.BestPeer(row);
    if (best == nullptr) continue;
    const double best_rate = results.RateOf(best->name, row)->median;
    Line line{.row = row};
    for (size_t i = 0; i < results.engines.size(); ++i) {
      const std::optional<Spread> rate = results.RateOf(results.engines[i].name, row);
      if (rate.has_value() && rate->median > 0) line.dots.push_back({i, rate->median / best_rate});
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

// Where a ratio is, on a scale over whole powers of two that holds all of them.
class Scale {
 public:
  explicit Scale(const std::vector<Line>& lines) {
    for (const Line& line : lines) {
      for (const Dot& dot : line.dots) {
        low_ = std::min(low_, static_cast<int>(std::floor(std::log2(dot.ratio))));
        high_ = std::max(high_, static_cast<int>(std::ceil(std::log2(dot.ratio))));
      }
    }
  }
  int low() const { return low_; }
  int high() const { return high_; }
  double X(double ratio) const { return kLabelWidth + kPlotWidth * (std::log2(ratio) - low_) / (high_ - low_); }

 private:
  int low_ = -2;
  int high_ = 2;
};

std::string Axis(const Scale& scale, int bottom) {
  std::string out;
  for (int power = scale.low(); power <= scale.high(); ++power) {
    const double x = scale.X(std::exp2(power));
    absl::StrAppendFormat(&out, "<line x1='%.1f' y1='%d' x2='%.1f' y2='%d' stroke='%s'/>\n", x, kTop - 6, x, bottom,
                          power == 0 ? "#333" : "#ddd");
    absl::StrAppendFormat(&out, "<text x='%.1f' y='%d' text-anchor='middle'>%s</text>\n", x, kTop - 12,
                          power < 0 ? absl::StrFormat("1/%d", 1 << -power) : absl::StrFormat("%d", 1 << power));
  }
  return out;
}

}  // namespace

std::string ChartSvg(const Results& results) {
  const std::vector<Line> lines = LinesOf(results);
  const Scale scale(lines);
  const int bottom = kTop + kRowHeight * static_cast<int>(lines.size());
  std::string out = absl::StrFormat(
      "<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d' font-family='sans-serif' font-size='12'>\n"
      "<rect width='100%%' height='100%%' fill='white'/>\n"
      "<text x='8' y='20'>Rate over that of the best peer (logarithmic)</text>\n",
      kLabelWidth + kPlotWidth + 40, bottom + 16);
  for (size_t i = 0; i < results.engines.size(); ++i) {
    const double x = kLabelWidth + 130 + 110.0 * static_cast<double>(i);
    const char* color = kColors[i % kColors.size()];
    absl::StrAppendFormat(&out, "<circle cx='%.0f' cy='16' r='5' fill='%s'/><text x='%.0f' y='20'>%s</text>\n", x,
                          color, x + 9, results.engines[i].name);
  }
  out += Axis(scale, bottom);
  int y = kTop + kRowHeight / 2;
  for (const Line& line : lines) {
    absl::StrAppendFormat(&out, "<text x='%d' y='%d' text-anchor='end'>%s</text>\n", kLabelWidth - 10, y + 4, line.row);
    // Ours last, on top of the others.
    std::vector<Dot> dots = line.dots;
    std::stable_partition(dots.begin(), dots.end(),
                          [&](const Dot& dot) { return results.engines[dot.engine].name != kOurs; });
    for (const Dot& dot : dots) {
      absl::StrAppendFormat(&out, "<circle cx='%.1f' cy='%d' r='5' fill='%s'><title>%s: %.2f</title></circle>\n",
                            scale.X(dot.ratio), y, kColors[dot.engine % kColors.size()],
                            results.engines[dot.engine].name, dot.ratio);
    }
    y += kRowHeight;
  }
  return out + "</svg>\n";
}

}  // namespace aeternus::bench
