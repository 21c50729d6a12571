#include "tests/recover/plot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace lockstep::recover {
namespace {

constexpr double kLeft = 64, kWidth = 800, kRight = 24;

struct Panel {
  double top, height;
  const char* name;
  const char* colour;
  double Sample::* value;
};
constexpr std::array<Panel, 2> kPanels = {{{64, 200, "memory (MiB)", "#1f6feb", &Sample::mebibytes},
                                           {304, 90, "writes waiting", "#8250df", &Sample::pending}}};

// The least of 1, 2, 5 times a power of ten that leaves at most `most` steps up to `value`.
double step_for(double value, double most) {
  double step = std::pow(10, std::floor(std::log10(std::max(value, 1.0) / most)));
  for (const double factor : {1.0, 2.0, 5.0, 10.0}) {
    if (value / (step * factor) <= most) return step * factor;
  }
  return step * 10;
}

}  // namespace

std::string memory_plot(const std::vector<Sample>& samples, const std::vector<double>& restarts,
                        const std::string& title) {
  const double minutes = samples.empty() ? 1 : std::max(samples.back().minutes, 0.1);
  const auto x = [&](double at) { return kLeft + at / minutes * kWidth; };
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {:.0f} 450\" font-family=\"sans-serif\" "
      "font-size=\"13\" fill=\"#24292f\">\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
      "<text x=\"{:.0f}\" y=\"28\" font-size=\"15\">{}</text>\n",
      kLeft + kWidth + kRight, kLeft, title);
  const double bottom = kPanels.back().top + kPanels.back().height;
  for (const double at : restarts) {
    out += fmt::format(
        "<line x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1:.0f}\" y2=\"{2:.0f}\" stroke=\"#bc4c00\" "
        "stroke-dasharray=\"3 3\"/>\n",
        x(at), kPanels.front().top, bottom);
  }
  for (const Panel& panel : kPanels) {
    double most = 1;
    for (const Sample& sample : samples) most = std::max(most, sample.*panel.value);
    const double step = step_for(most, 4);
    const double top = std::ceil(most / step) * step;
    const auto y = [&](double value) { return panel.top + panel.height * (1 - value / top); };
    for (double at = 0; at <= top + step / 2; at += step) {
      out += fmt::format(
          "<line x1=\"{0:.0f}\" x2=\"{1:.0f}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\" stroke=\"#d0d7de\"/>\n"
          "<text x=\"{3:.0f}\" y=\"{4:.1f}\" text-anchor=\"end\">{5:.0f}</text>\n",
          kLeft, kLeft + kWidth, y(at), kLeft - 8, y(at) + 4, at);
    }
    out += fmt::format(
        "<text x=\"{:.0f}\" y=\"{:.0f}\" fill=\"{}\">{}</text>\n<polyline fill=\"none\" stroke=\"{}\" "
        "stroke-width=\"1.5\" points=\"",
        kLeft, panel.top - 8, panel.colour, panel.name, panel.colour);
    for (const Sample& sample : samples)
      out += fmt::format("{:.1f},{:.1f} ", x(sample.minutes), y(sample.*panel.value));
    out += "\"/>\n";
  }
  const double step = step_for(minutes, 10);
  for (double at = 0; at <= minutes + 1e-9; at += step)
    out += fmt::format("<text x=\"{:.1f}\" y=\"{:.0f}\" text-anchor=\"middle\">{:g}</text>\n", x(at), bottom + 20, at);
  out += fmt::format("<text x=\"{:.0f}\" y=\"{:.0f}\">minutes{}</text>\n</svg>\n", kLeft, bottom + 42,
                     restarts.empty() ? "" : "; dashed: the server was killed and started anew");
  return out;
}

}  // namespace lockstep::recover
