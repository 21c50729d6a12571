#include "sync/record.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <limits>

#include "base/result.hpp"

namespace lockstep::sync {
namespace {

Stamp stamp(std::uint64_t time, const char* origin, Seq seq) { return {Hlc{time}, SystemName(origin), seq}; }

Record sample() {
  Record record;
  record.id = RecordId("01J9Z3K4M5N6P7Q8R9S0T1V2W3");
  record.source = SourceId("ve9EPM428h8vShlRW1KT");
  record.entity = EntityName("contact");
  record.revision = 3;
  record.fields["email"] = {Json("ada@example.com"), stamp(111, "crm", 7), false};
  record.fields["name"] = {Json("Ada"), stamp(112, "db", 8), true};
  Link link;
  link.system = SystemName("crm");
  link.external_id = "c1";
  link.version = 5;
  link.base = {{"email", Json("ada@example.com")}, {"name", Json("Augusta")}};
  record.links = {link};
  return record;
}

void expect_round_trip(const Record& record) {
  const std::string text = encode_record(record);
  EXPECT_TRUE(parse_json(text, {.bytes_limit = 1 << 24, .depth_limit = 40})) << text;
  const Result<Record> back = decode_record(text);
  ASSERT_TRUE(back) << back.error().message << "\n" << text;
  EXPECT_EQ(*back, record) << text;
  EXPECT_EQ(encode_record(*back), text);
}

TEST(RecordCodec, TheFormIsTheDocumentedOne) {
  EXPECT_EQ(encode_record(sample()),
            R"({"v":1,"id":"01J9Z3K4M5N6P7Q8R9S0T1V2W3","src":"ve9EPM428h8vShlRW1KT","ent":"contact","rev":3,)"
            R"("f":[["email","ada@example.com",111,"crm",7],["name","Ada",112,"db",8,1]],)"
            R"("l":[{"s":"crm","id":"c1","at":5,"base":[0,["name","Augusta"]]}]})");
  expect_round_trip(sample());
}

// Beside the fields, so that a program from before reads the rest.
TEST(RecordCodec, FlipsRoundTripAndAreOptional) {
  Record record = sample();
  record.fields["name"].flips = {Json("ADA"), 3, 1'700'000'000'123};
  EXPECT_NE(encode_record(record).find(R"(,"fl":[["name","ADA",3,1700000000123]],"l":)"), std::string::npos)
      << encode_record(record);
  expect_round_trip(record);
  record.fields["email"].flips = {Json(), 0, 0};  // what was replaced was null
  expect_round_trip(record);
  for (const char* bad : {R"("fl":7)", R"("fl":[["name","ADA",3]])", R"("fl":[["none","ADA",3,1]])",
                          R"("fl":[["name","ADA",-1,1]])", R"("fl":[["name","ADA",5000000000,1]])"}) {
    const std::string text = R"({"v":1,"id":"1","src":"s","ent":"e","rev":1,"f":[["name","Ada",1,"crm",1]],)" +
                             std::string(bad) + R"(,"l":[]})";
    const Result<Record> read = decode_record(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().kind, ErrorKind::corrupt);
  }
}

TEST(RecordCodec, AnEmptyRecordRoundTrips) { expect_round_trip({}); }

// L4
TEST(RecordCodec, NullAbsentAndEmptyStayDistinct) {
  Record record = sample();
  record.fields["null"] = {Json(), stamp(1, "crm", 1), false};
  record.fields["text"] = {Json(""), stamp(1, "crm", 1), false};
  record.fields["set"] = {Json(JsonArray{}), stamp(1, "crm", 1), false};
  record.fields["object"] = {Json(JsonObject{}), stamp(1, "crm", 1), false};
  record.links[0].base = {{"null", Json("")}, {"text", Json()}, {"set", Json(JsonArray{})}};
  expect_round_trip(record);
  const Record back = decode_record(encode_record(record)).value();
  EXPECT_TRUE(back.fields.at("null").value.is_null());
  EXPECT_EQ(back.fields.at("text").value, Json(""));
  EXPECT_EQ(back.fields.count("absent"), 0u);
  EXPECT_EQ(back.links[0].base.count("object"), 0u);
}

TEST(RecordCodec, TextRoundTripsWhateverItHolds) {
  Record record = sample();
  std::string all;
  for (int c = 0; c < 0x80; ++c) all += static_cast<char>(c);
  record.fields[all] = {Json(all + "Zoë 東京 🎟️ \u2028"), stamp(1, "crm", 1), false};
  record.links[0].external_id = "\"\\\n";
  expect_round_trip(record);
}

TEST(RecordCodec, TheGreatestNumbersRoundTrip) {
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  Record record = sample();
  record.fields["n"] = {Json(most), stamp(most, "crm", most), false};
  record.fields["m"] = {Json(std::numeric_limits<std::int64_t>::min()), stamp(0, "", 0), false};
  record.fields["d"] = {Json(150.125), stamp(0, "", 0), false};
  record.links[0].version = most;
  record.revision = most;
  expect_round_trip(record);
}

TEST(RecordCodec, TombstonesAndGoneLinksRoundTrip) {
  Record record = sample();
  record.deleted = true;
  record.deleted_stamp = stamp(9, "db", 4);
  record.links[0].state = LinkState::gone;
  record.links[0].prior = {{"email", Json("old@example.com")}};
  record.links[0].sent = {{"email", Json("ada@example.com")}, {"zip", Json("00123")}};
  expect_round_trip(record);
  record.deleted = false;  // undeleted: the stamp stays
  expect_round_trip(record);
}

TEST(RecordCodec, WhatIsNotARecordIsCorrupt) {
  const std::string good = encode_record(sample());
  for (const std::string& text :
       {std::string(), std::string("[]"), std::string("{}"), std::string(R"({"v":1})"), good.substr(0, good.size() - 1),
        std::string(R"({"v":2,"id":"r","src":"s","ent":"e","rev":1,"f":[],"l":[]})"),
        std::string(R"({"v":1,"id":"r","src":"s","ent":"e","rev":-1,"f":[],"l":[]})"),
        std::string(R"({"v":1,"id":"r","src":"s","ent":"e","rev":1,"f":[["x",1]],"l":[]})"),
        std::string(R"({"v":1,"id":"r","src":"s","ent":"e","rev":1,"f":{},"l":[]})"),
        std::string(R"({"v":1,"id":"r","src":"s","ent":"e","rev":1,"f":[],"l":[{"s":"crm"}]})"),
        std::string(R"({"v":1,"id":"r","src":"s","ent":"e","rev":1,"f":[],"l":[{"s":"crm","id":"c","base":[0]}]})")}) {
    const Result<Record> decoded = decode_record(text);
    ASSERT_FALSE(decoded) << text;
    EXPECT_EQ(decoded.error().kind, ErrorKind::corrupt) << text;
  }
}

TEST(RecordCodec, ANewerFormatIsNamedInTheError) {
  const auto decoded = decode_record(R"({"v":2,"id":"r","src":"s","ent":"e","rev":1,"f":[],"l":[]})");
  EXPECT_THAT(decoded.error().message, testing::HasSubstr("format 2, this program reads 1"));
}

TEST(Record, ALinkIsFoundBySystem) {
  Record record = sample();
  EXPECT_EQ(record.link(SystemName("crm")), &record.links[0]);
  EXPECT_EQ(record.link(SystemName("db")), nullptr);
}

Json any_json(int depth) {
  const int kind = *rc::gen::inRange(0, depth > 0 ? 7 : 5);
  switch (kind) {
    case 0: return Json();
    case 1: return Json(*rc::gen::arbitrary<bool>());
    case 2: return Json(*rc::gen::arbitrary<std::int64_t>());
    case 3: return Json(*rc::gen::element<std::string>("", "a", "Zoë", "\"\\", "\t\n\x01", "+12025550101"));
    case 4: return Json(double(*rc::gen::inRange(-100'000, 100'000)) / 8);
    case 5: {
      JsonArray array;
      for (int i = *rc::gen::inRange(0, 4); i > 0; --i) array.push_back(any_json(depth - 1));
      return Json(std::move(array));
    }
    default: {
      JsonObject object;
      for (int i = *rc::gen::inRange(0, 4); i > 0; --i)
        object[*rc::gen::element<std::string>("", "k", "\"", "é")] = any_json(depth - 1);
      return Json(std::move(object));
    }
  }
}

Fields any_fields() {
  Fields fields;
  for (int i = *rc::gen::inRange(0, 6); i > 0; --i)
    fields[*rc::gen::element<std::string>("", "a", "b", "c", "é", "z")] = any_json(2);
  return fields;
}

RC_GTEST_PROP(RecordCodecProperty, EveryRecordRoundTrips, ()) {
  Record record = sample();
  record.fields.clear();
  for (auto& [name, value] : any_fields()) {
    record.fields[name] = {std::move(value),
                           stamp(*rc::gen::arbitrary<std::uint64_t>(), "crm", *rc::gen::arbitrary<Seq>()),
                           *rc::gen::arbitrary<bool>()};
  }
  record.links[0].base = any_fields();
  // Shared values are what is special about the form: let half of them be shared.
  for (const auto& [name, field] : record.fields) {
    if (*rc::gen::arbitrary<bool>()) record.links[0].base[name] = field.value;
    if (*rc::gen::arbitrary<bool>()) record.links[0].sent[name] = field.value;
  }
  record.links[0].prior = any_fields();
  const Result<Record> back = decode_record(encode_record(record));
  RC_ASSERT(back.has_value());
  RC_ASSERT(*back == record);
}

}  // namespace
}  // namespace lockstep::sync
