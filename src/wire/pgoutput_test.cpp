#include "wire/pgoutput.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace lockstep::wire::pgoutput {
namespace {

std::string big_endian(std::uint64_t value, int size) {
  std::string out;
  for (int i = size - 1; i >= 0; --i) out.push_back(static_cast<char>(value >> (8 * i) & 0xFF));
  return out;
}

std::string name(std::string text) { return text + '\0'; }
std::string text_cell(const std::string& text) { return "t" + big_endian(text.size(), 4) + text; }

std::string relation_bytes() {
  return "R" + big_endian(16'384, 4) + name("public") + name("contacts") + "d" + big_endian(2, 2) +  //
         "\1" + name("id") + big_endian(2950, 4) + big_endian(0xFFFFFFFF, 4) +                       //
         std::string(1, '\0') + name("email") + big_endian(25, 4) + big_endian(0xFFFFFFFF, 4);
}

TEST(Pgoutput, PositionsRoundTripAsText) {
  EXPECT_EQ(lsn_text(0x16B374D848), "16/B374D848");
  EXPECT_EQ(parse_lsn("16/B374D848"), 0x16B374D848U);
  for (const char* bad : {"", "16", "/", "16/", "/1", "16/B374D848x", "g/1", "123456789/0"}) {
    EXPECT_FALSE(parse_lsn(bad)) << bad;
  }
}

TEST(Pgoutput, ReadsDataAndKeepaliveFrames) {
  const std::string bytes = "w" + big_endian(1, 8) + big_endian(2, 8) + big_endian(1'000'000, 8) + "payload";
  const auto data = decode_frame(bytes);
  ASSERT_TRUE(data);
  const auto& xlog = std::get<XLogData>(*data);
  EXPECT_EQ(xlog.start, 1U);
  EXPECT_EQ(xlog.server_end, 2U);
  EXPECT_EQ(xlog.payload, "payload");
  EXPECT_EQ(to_iso8601(xlog.sent), "2000-01-01T00:00:01.000Z");

  const auto keepalive = decode_frame("k" + big_endian(7, 8) + big_endian(0, 8) + "\1");
  ASSERT_TRUE(keepalive);
  EXPECT_EQ(std::get<Keepalive>(*keepalive).server_end, 7U);
  EXPECT_TRUE(std::get<Keepalive>(*keepalive).reply_requested);
  EXPECT_FALSE(decode_frame("k" + big_endian(7, 8) + big_endian(0, 8) + "\1x")) << "trailing bytes";
  EXPECT_FALSE(decode_frame("w1234"));
  EXPECT_FALSE(decode_frame(""));
}

TEST(Pgoutput, EncodesStatusUpdates) {
  StatusUpdate update;
  update.written = 3;
  update.flushed = 2;
  update.applied = 1;
  update.now = *parse_iso8601("2000-01-01T00:00:01Z");
  EXPECT_EQ(encode(update), "r" + big_endian(3, 8) + big_endian(2, 8) + big_endian(1, 8) + big_endian(1'000'000, 8) +
                                std::string(1, '\0'));
}

TEST(Pgoutput, ReadsTransactionsAndRelations) {
  const auto begin = decode_message("B" + big_endian(99, 8) + big_endian(0, 8) + big_endian(5, 4));
  ASSERT_TRUE(begin);
  EXPECT_EQ(std::get<Begin>(*begin).final_lsn, 99U);
  EXPECT_EQ(std::get<Begin>(*begin).xid, 5U);

  const auto commit =
      decode_message("C" + std::string(1, '\0') + big_endian(99, 8) + big_endian(120, 8) + big_endian(0, 8));
  ASSERT_TRUE(commit);
  EXPECT_EQ(std::get<Commit>(*commit).commit_lsn, 99U);
  EXPECT_EQ(std::get<Commit>(*commit).end_lsn, 120U);

  const auto relation = decode_message(relation_bytes());
  ASSERT_TRUE(relation);
  const auto& table = std::get<Relation>(*relation);
  EXPECT_EQ(table.id, 16'384U);
  EXPECT_EQ(table.schema, "public");
  EXPECT_EQ(table.name, "contacts");
  ASSERT_EQ(table.columns.size(), 2U);
  EXPECT_TRUE(table.columns[0].key);
  EXPECT_FALSE(table.columns[1].key);
  EXPECT_EQ(table.columns[1].type, 25U);
  EXPECT_EQ(table.columns[1].modifier, -1);
}

TEST(Pgoutput, ReadsRows) {
  const auto insert = decode_message("I" + big_endian(1, 4) + "N" + big_endian(3, 2) + text_cell("7") + "n" + "u");
  ASSERT_TRUE(insert);
  const Tuple& row = std::get<Insert>(*insert).row;
  ASSERT_EQ(row.size(), 3U);
  EXPECT_EQ(row[0].text, "7");
  EXPECT_EQ(row[1].kind, CellKind::null);
  EXPECT_EQ(row[2].kind, CellKind::unchanged);

  const std::string one = big_endian(1, 2) + text_cell("a");
  const auto plain = decode_message("U" + big_endian(1, 4) + "N" + one);
  ASSERT_TRUE(plain);
  EXPECT_EQ(std::get<Update>(*plain).old_kind, OldTuple::none);
  const auto keyed = decode_message("U" + big_endian(1, 4) + "K" + one + "N" + one);
  ASSERT_TRUE(keyed);
  EXPECT_EQ(std::get<Update>(*keyed).old_kind, OldTuple::key);
  const auto full = decode_message("U" + big_endian(1, 4) + "O" + one + "N" + one);
  ASSERT_TRUE(full);
  EXPECT_EQ(std::get<Update>(*full).old_kind, OldTuple::full);
  const auto gone = decode_message("D" + big_endian(1, 4) + "K" + one);
  ASSERT_TRUE(gone);
  EXPECT_EQ(std::get<Delete>(*gone).old_row[0].text, "a");
}

TEST(Pgoutput, ReadsTheRest) {
  const auto truncate = decode_message("T" + big_endian(2, 4) + "\1" + big_endian(8, 4) + big_endian(9, 4));
  ASSERT_TRUE(truncate);
  EXPECT_EQ(std::get<Truncate>(*truncate).relations, (std::vector<std::uint32_t>{8, 9}));
  const auto origin = decode_message("O" + big_endian(4, 8) + name("lockstep"));
  ASSERT_TRUE(origin);
  EXPECT_EQ(std::get<Origin>(*origin).name, "lockstep");
  const auto type = decode_message("Y" + big_endian(4, 4) + name("public") + name("mood"));
  ASSERT_TRUE(type);
  EXPECT_EQ(std::get<Type>(*type).name, "mood");
  const auto message = decode_message("M\1" + big_endian(4, 8) + name("p") + big_endian(2, 4) + "hi");
  ASSERT_TRUE(message);
  EXPECT_EQ(std::get<LogicalMessage>(*message).content, "hi");
}

TEST(Pgoutput, RefusesLengthsThatLie) {
  EXPECT_EQ(decode_message("I" + big_endian(1, 4) + "N" + big_endian(1, 2) + "t" + big_endian(0xFFFFFFFF, 4) + "a")
                .error()
                .kind,
            ErrorKind::exhausted);
  EXPECT_EQ(decode_message("I" + big_endian(1, 4) + "N" + big_endian(1, 2) + "t" + big_endian(2, 4) + "a").error().kind,
            ErrorKind::corrupt);
  EXPECT_EQ(decode_message("I" + big_endian(1, 4) + "N" + big_endian(60'000, 2)).error().kind, ErrorKind::exhausted);
  EXPECT_EQ(decode_message("T" + big_endian(0xFFFFFFFF, 4) + "\1").error().kind, ErrorKind::exhausted);
  EXPECT_EQ(decode_message("Z").error().kind, ErrorKind::corrupt);
  EXPECT_EQ(decode_message("").error().kind, ErrorKind::corrupt);
}

TEST(Pgoutput, EveryPrefixOfAMessageIsRefused) {
  const std::string whole = relation_bytes();
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(decode_message(whole.substr(0, size))) << size;
  EXPECT_FALSE(decode_message(whole + "x"));
}

RC_GTEST_PROP(PgoutputProperties, AnyBytesEndInAValueOrAnError, (const std::string& bytes)) {
  (void)decode_frame(bytes);
  (void)decode_message("U" + bytes);
  (void)decode_message("R" + bytes);
  RC_SUCCEED("no crash");
}

RC_GTEST_PROP(PgoutputProperties, PositionsRoundTrip, (std::uint64_t lsn)) {
  RC_ASSERT(parse_lsn(lsn_text(lsn)).value() == lsn);
}

}  // namespace
}  // namespace lockstep::wire::pgoutput
