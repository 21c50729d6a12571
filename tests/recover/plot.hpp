// What the server held while it ran, as a picture.
#pragma once

#include <string>
#include <vector>

namespace lockstep::recover {

struct Sample {
  double minutes = 0;
  double mebibytes = 0;  // resident
  double pending = 0;    // writes that waited
};

// An SVG: memory above, waiting writes below, a mark where the server was started anew.
std::string memory_plot(const std::vector<Sample>& samples, const std::vector<double>& restarts,
                        const std::string& title);

}  // namespace lockstep::recover
