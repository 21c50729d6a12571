#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "app/commands/progress.hpp"
#include "app/commands/table.hpp"

namespace lockstep::app {
namespace {

TEST(Terminal, WidthCountsCharactersNotBytesOrEscapes) {
  EXPECT_EQ(display_width("abc"), 3u);
  EXPECT_EQ(display_width("Zoë…"), 4u);
  EXPECT_EQ(display_width("\x1b[31mred\x1b[0m"), 3u);
}

TEST(Terminal, DataCannotSteerIt) {
  EXPECT_EQ(printable("a\x1b[2Jb\nc\x7f"), "a [2Jb c ");
  EXPECT_EQ(printable("a\xC2\x9B"
                      "b"),
            "a b");  // the one-byte form of ESC [
  EXPECT_EQ(printable("Zoë"), "Zoë");
}

TEST(Terminal, ColoursAreForPeople) {
  std::ostringstream text;
  EXPECT_EQ(Terminal(text, Audience::program).paint(Colour::red, "x"), "x");
  EXPECT_EQ(Terminal(text, Audience::person).paint(Colour::red, "x"), "\x1b[31mx\x1b[0m");
}

std::string printed(const Table& table, Audience audience, std::size_t columns) {
  std::ostringstream text;
  Terminal out(text, audience, columns);
  table.print(out);
  return text.str();
}

TEST(Table, AlignsColumns) {
  Table table({{"NAME"}, {"COUNT", Align::right}, {"NOTE"}});
  table.add({"Zoë", "7", "first"});
  table.add({"Bartholomew", "1234", ""});
  EXPECT_EQ(printed(table, Audience::program, 80),
            "NAME         COUNT  NOTE\n"
            "Zoë              7  first\n"
            "Bartholomew   1234  \n");
}

TEST(Table, CutsTheLastColumnForPeopleOnly) {
  Table table({{"A"}, {"TEXT"}});
  table.add({"x", std::string(60, 'y')});
  EXPECT_NE(printed(table, Audience::program, 30).find(std::string(60, 'y')), std::string::npos);
  const std::string cut = printed(table, Audience::person, 30);
  EXPECT_NE(cut.find(std::string(26, 'y') + "…\n"), std::string::npos) << cut;
}

TEST(Progress, SaysHowFarItIs) {
  EXPECT_EQ(
      progress_line({.done = 4200, .total = 10000, .rate_per_second = 309.6, .eta_seconds = 19, .what = "crm contact"}),
      "[##########--------------]  4,200 / 10,000  42 %  310/s  ETA 0:19  crm contact");
  EXPECT_EQ(progress_line({.done = 12, .total = {}, .rate_per_second = 3, .eta_seconds = {}, .what = ""}), "12  3/s");
  EXPECT_EQ(progress_line({.done = 20, .total = 10, .rate_per_second = 0, .eta_seconds = {}, .what = ""}),
            "[########################]  20 / 10  100 %  0/s");
}

TEST(Progress, WritesNumbersForPeople) {
  EXPECT_EQ(with_commas(0), "0");
  EXPECT_EQ(with_commas(999), "999");
  EXPECT_EQ(with_commas(1234567), "1,234,567");
  EXPECT_EQ(clock_time(59), "0:59");
  EXPECT_EQ(clock_time(3723), "1:02:03");
}

TEST(Progress, RewritesItsLineForPeopleAndSaysTenthsToPrograms) {
  std::ostringstream person_text, program_text;
  Terminal person(person_text, Audience::person), program(program_text, Audience::program);
  Progress for_person(person), for_program(program);
  for (std::uint64_t done = 0; done <= 100; done += 5) {
    JobState state;
    state.done = done;
    state.total = 100;
    for_person.show(state);
    for_program.show(state);
  }
  for_person.end();
  for_program.show({});  // not begun: nothing to say
  EXPECT_EQ(std::ranges::count(person_text.str(), '\r'), 21);
  EXPECT_EQ(std::ranges::count(person_text.str(), '\n'), 1);
  EXPECT_EQ(std::ranges::count(program_text.str(), '\n'), 11);
  EXPECT_EQ(std::ranges::count(program_text.str(), '\r'), 0);
}

}  // namespace
}  // namespace lockstep::app
