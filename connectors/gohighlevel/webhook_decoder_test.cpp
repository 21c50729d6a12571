#include "connectors/gohighlevel/webhook_decoder.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "connectors/gohighlevel/test_support.hpp"
#include "wire/testing/key_pair.hpp"

namespace lockstep::gohighlevel {
namespace {

using wire::testing::KeyPair;

struct Decoding : ::testing::Test {
  Decoding() {
    settings.location_id = "loc1";
    settings.webhook_public_key = wire::base64_encode(ed.der());
    settings.webhook_legacy_public_key = wire::base64_encode(rsa.der());
    contact.learn({{"f1", "loyalty", "", "TEXT"}});
  }
  Result<std::vector<sync::Change>> decode(std::string body, wire::HttpHeaders headers) {
    auto decoder = WebhookDecoder::make(settings);
    EXPECT_TRUE(decoder);
    return decoder->decode({std::move(headers), std::move(body), now}, contact, opportunity, unknown);
  }
  Result<std::vector<sync::Change>> decode_signed(const std::string& body) {
    return decode(body, {{"x-ghl-signature", wire::base64_encode(ed.sign(body))}});
  }
  ErrorKind refused(std::string body, wire::HttpHeaders headers) {
    const auto changes = decode(std::move(body), std::move(headers));
    EXPECT_FALSE(changes);
    return changes ? ErrorKind::corrupt : changes.error().kind;
  }

  KeyPair ed = KeyPair::ed25519();
  KeyPair rsa = KeyPair::rsa();
  ConnectorSettings settings;
  CustomFields contact;
  CustomFields opportunity;
  std::vector<std::string> unknown;
  Time now = *parse_iso8601("2024-06-01T12:00:00Z");
};

using WebhookTest = Decoding;
const std::string kBody =
    R"({"type":"ContactUpdate","locationId":"loc1","id":"c1","email":"a@b.c","webhookId":"w1","timestamp":"2024-06-01T11:59:00.000Z"})";

TEST_F(WebhookTest, BothSignaturesAreAccepted) {
  const auto current = decode_signed(kBody);
  ASSERT_TRUE(current) << current.error().message;
  ASSERT_EQ(current->size(), 1U);
  EXPECT_EQ(current->front().delivery, "w1");
  EXPECT_EQ(current->front().version, 1'717'243'140'000U);
  EXPECT_EQ(current->front().extent, sync::Extent::partial);
  EXPECT_TRUE(decode(kBody, {{"X-WH-Signature", wire::base64_encode(rsa.sign(kBody))}}));
  EXPECT_TRUE(decode(kBody, {{"X-GHL-Signature", "N/A"}, {"X-WH-Signature", wire::base64_encode(rsa.sign(kBody))}}));
}

TEST_F(WebhookTest, FailsClosed) {  // A4
  const std::string good = wire::base64_encode(ed.sign(kBody));
  const std::string legacy = wire::base64_encode(rsa.sign(kBody));
  const KeyPair other = KeyPair::ed25519();
  EXPECT_EQ(refused(kBody, {}), ErrorKind::unauthorized);
  EXPECT_EQ(refused(kBody, {{"X-GHL-Signature", ""}}), ErrorKind::unauthorized);
  EXPECT_EQ(refused(kBody, {{"X-GHL-Signature", "N/A"}}), ErrorKind::unauthorized);
  EXPECT_EQ(refused(kBody + " ", {{"X-GHL-Signature", good}}), ErrorKind::unauthorized);
  EXPECT_EQ(refused(kBody, {{"X-GHL-Signature", wire::base64_encode(other.sign(kBody))}}), ErrorKind::unauthorized);
  EXPECT_EQ(refused(kBody, {{"X-GHL-Signature", legacy}}), ErrorKind::unauthorized);
  // A wrong new signature is not rescued by a good legacy one.
  EXPECT_EQ(refused(kBody, {{"X-GHL-Signature", "AAAA"}, {"X-WH-Signature", legacy}}), ErrorKind::unauthorized);
  settings.webhook_legacy_public_key.clear();
  EXPECT_EQ(refused(kBody, {{"X-WH-Signature", legacy}}), ErrorKind::unauthorized);
  // Unsigned bytes do not even reach the JSON parser.
  EXPECT_EQ(refused("{broken", {}), ErrorKind::unauthorized);
}

TEST_F(WebhookTest, SignaturesCanBeOff) {
  settings.signatures = Signatures::off;
  EXPECT_TRUE(decode(kBody, {}));
}

TEST_F(WebhookTest, RefusesReplaysButNotLateRedeliveries) {
  const auto at = [](const char* time) {
    return R"({"type":"ContactUpdate","locationId":"loc1","id":"c1","timestamp":")" + std::string(time) + "\"}";
  };
  EXPECT_TRUE(decode_signed(at("2024-06-01T10:30:00.000Z")));  // 90 minutes
  const auto old = decode_signed(at("2024-06-01T09:59:00.000Z"));
  ASSERT_FALSE(old);
  EXPECT_EQ(old.error().kind, ErrorKind::unauthorized);
  EXPECT_TRUE(decode_signed(R"({"type":"ContactUpdate","locationId":"loc1","id":"c1"})"));  // says no time
  const auto number =
      decode_signed(R"({"type":"ContactUpdate","locationId":"loc1","id":"c1","timestamp":1717243140000})");
  ASSERT_TRUE(number);
  EXPECT_EQ(number->front().version, 1'717'243'140'000U);
}

TEST_F(WebhookTest, OtherLocationsAndNonsenseAreInvalid) {
  for (const char* body :
       {R"({"type":"ContactUpdate","locationId":"loc2","id":"c1"})", R"({"type":"ContactUpdate","id":"c1"})",
        R"({"type":"ContactUpdate","locationId":"loc1"})", "{broken", "[]", "\"x\"", ""}) {
    const auto changes = decode_signed(body);
    ASSERT_FALSE(changes) << body;
    EXPECT_EQ(changes.error().kind, ErrorKind::invalid) << body;
  }
  EXPECT_FALSE(decode_signed(std::string(1'000, '[') + std::string(1'000, ']')));
  EXPECT_FALSE(decode_signed(std::string(600'000, ' ')));
}

TEST_F(WebhookTest, ATypeThatIsNoTextIsInvalid) {
  for (const char* type : {"7", "{}", "[]", "null", "true", R"(["ContactUpdate"])"}) {
    const auto changes = decode_signed(R"({"type":)" + std::string(type) + R"(,"locationId":"loc1","id":"c1"})");
    ASSERT_FALSE(changes) << type;
    EXPECT_EQ(changes.error().kind, ErrorKind::invalid) << type;
    EXPECT_NE(changes.error().message.find("`type`"), std::string::npos) << "it names the field";
  }
}

TEST_F(WebhookTest, OtherEventsAreEmptyLists) {
  for (const char* body :
       {R"({"type":"NoteCreate","locationId":"loc1","id":"n1"})", R"({"type":"INSTALL","companyId":"x"})", "{}",
        R"({"type":"one_time","locationId":"loc1","_id":"p"})"}) {
    const auto changes = decode_signed(body);
    ASSERT_TRUE(changes) << body;
    EXPECT_TRUE(changes->empty()) << body;
  }
}

TEST_F(WebhookTest, OrdersAndProductsAreDecoded) {
  const auto order = decode_signed(
      R"({"type":"OrderStatusUpdate","locationId":"loc1","_id":"o1","status":"completed","amountSummary":{"subtotal":9},
      "timestamp":"2024-06-01T11:30:00.000Z","updatedAt":"2024-06-01T11:00:00.000Z","webhookId":"w"})");
  ASSERT_TRUE(order) << order.error().message;
  ASSERT_EQ(order->size(), 1U);
  EXPECT_EQ(order->front().object, "order");
  EXPECT_EQ(order->front().external_id, "o1");
  EXPECT_EQ(order->front().version, 1'717'241'400'000U) << "when it was sent: the order's own time may stand still";
  EXPECT_EQ(order->front().document.at("subtotal"), 9);
  EXPECT_EQ(order->front().document.at("updatedAt"), "2024-06-01T11:00:00.000Z");
  const auto gone = decode_signed(R"({"type":"ProductDelete","locationId":"loc1","_id":"p1","name":"x"})");
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->front().object, "product");
  EXPECT_EQ(gone->front().kind, sync::ChangeKind::deleted);
}

// They do not say when the contact was changed; the event's time does.
TEST_F(WebhookTest, AnEventsTimeIsTheTimeOfTheChange) {
  const auto update =
      decode_signed(R"({"type":"ContactUpdate","locationId":"loc1","id":"c1","timestamp":"2024-06-01T11:30:00.000Z"})");
  ASSERT_TRUE(update);
  EXPECT_EQ(string_member(update->front().document, "dateUpdated"), "2024-06-01T11:30:00.000Z");
  const auto silent = decode_signed(R"({"type":"ContactUpdate","locationId":"loc1","id":"c1"})");
  ASSERT_TRUE(silent);
  EXPECT_FALSE(silent->front().document.as_object().contains("dateUpdated"));
}

TEST_F(WebhookTest, UnknownCustomFieldsAreReported) {
  const auto changes = decode_signed(
      R"({"type":"ContactUpdate","locationId":"loc1","id":"c1","customFields":[{"id":"f1","value":"x"},{"id":"f9","value":1}]})");
  ASSERT_TRUE(changes);
  EXPECT_EQ(unknown, std::vector<std::string>{"f9"});
  EXPECT_EQ(to_text(changes->front().document.at("customFields")), R"({"loyalty":"x"})");
}

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// Every documented event of contacts and opportunities; our own copies always, the vendor's files where they are.
void decodes_examples(const std::filesystem::path& folder, int& count) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().stem().string();
    if (entry.path().extension() != ".json") continue;
    const bool contact = name.starts_with("Contact");
    if (!contact && !name.starts_with("Opportunity")) continue;
    SCOPED_TRACE(name);
    const std::string body = read(entry.path());
    const auto json = parse_json(body);
    ASSERT_TRUE(json);
    ConnectorSettings settings;
    settings.signatures = Signatures::off;
    settings.webhook_public_key = vendor_ed25519_key();
    settings.location_id = string_member(*json, "locationId");
    const auto decoder = WebhookDecoder::make(settings);
    ASSERT_TRUE(decoder);
    CustomFields contact_fields;
    contact_fields.learn({{"BcdmQEsNgz6AVpgLVUJ0", "firm", "", "TEXT"}});
    std::vector<std::string> unknown;
    const auto changes = decoder->decode({{}, body, Time{}}, contact_fields, {}, unknown);
    ASSERT_TRUE(changes) << changes.error().message;
    ASSERT_EQ(changes->size(), 1U);
    const sync::Change& change = changes->front();
    EXPECT_EQ(change.object, contact ? kContact : kOpportunity);
    EXPECT_EQ(change.external_id, string_member(*json, "id"));
    EXPECT_EQ(change.kind, name.ends_with("Delete") ? sync::ChangeKind::deleted : sync::ChangeKind::upserted);
    // Everything the example says is in the document.
    for (const auto& member : json->get_object()) {
      const std::string_view key = member.key();
      if (key == "type" || key == "locationId" || key == "attachments" || key == "customFields" ||
          key == "dateOfBirth" || key == "dateAdded" || key == "timestamp" || key == "webhookId") {
        continue;
      }
      ASSERT_TRUE(change.document.get_object().contains(key)) << key;
      EXPECT_EQ(change.document.at(key), member.value()) << key;
    }
    if (contact) {
      EXPECT_EQ(change.document.at("customFields").at("firm"), "XYZ Corp");
    }
    ++count;
  }
}

TEST(WebhookExamples, OurOwn) {
  int count = 0;
  decodes_examples(std::filesystem::path(LOCKSTEP_SOURCE_DIR) / "connectors/gohighlevel/testdata", count);
  EXPECT_EQ(count, 12);
}

TEST(WebhookExamples, TheVendors) {
  const auto folder = std::filesystem::path(LOCKSTEP_SOURCE_DIR) / "../shared/ghl/webhooks";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "the vendor's example payloads are not on this machine";
  int count = 0;
  decodes_examples(folder, count);
  EXPECT_EQ(count, 12);
}

}  // namespace
}  // namespace lockstep::gohighlevel
