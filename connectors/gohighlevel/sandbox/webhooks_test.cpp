#include "connectors/gohighlevel/sandbox/webhooks.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "connectors/gohighlevel/sandbox/test_client.hpp"

namespace lockstep::gohighlevel::sandbox {
namespace {

using namespace std::chrono_literals;

// Verifies as a receiver would: a PEM, the raw body, the header.
bool verifies(const std::string& pem, const EVP_MD* digest, std::string_view body, std::string_view signature_base64) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> source(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())),
                                                         &BIO_free);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PUBKEY(source.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
  std::vector<unsigned char> signature(signature_base64.size());
  const int size = EVP_DecodeBlock(signature.data(), reinterpret_cast<const unsigned char*>(signature_base64.data()),
                                   static_cast<int>(signature_base64.size()));
  if (!key || size < 0) return false;
  const auto padding = static_cast<int>(signature_base64.ends_with("==") ? 2 : signature_base64.ends_with("=") ? 1 : 0);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  return EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), signature.data(), static_cast<std::size_t>(size - padding),
                          reinterpret_cast<const unsigned char*>(body.data()), body.size()) == 1;
}

class WebhooksTest : public SandboxTest {
 protected:
  explicit WebhooksTest(SandboxSettings settings = listening()) : SandboxTest(std::move(settings)) {}

  static SandboxSettings listening() {
    SandboxSettings settings = roomy();
    settings.webhooks.registrations.push_back({"http://127.0.0.1:9/hooks/ghl?x=1", {}, ""});
    return settings;
  }
  // The types of the events that are due, each answered with `status`.
  std::string drain(std::optional<unsigned> status = 200) {
    std::string types;
    for (const WebhookDelivery& delivery : sandbox_.due_webhooks(clock_.now())) {
      last_ = delivery;
      types += std::string(string_member(*parse_json(delivery.request.body), "type")) + " ";
      sandbox_.webhook_result(delivery.delivery_id, status);
    }
    return types;
  }
  Json last_body() { return *parse_json(last_.request.body); }

  WebhookDelivery last_;
};

TEST_F(WebhooksTest, EventsOfContactEdits) {
  const auto id = create_contact(R"("firstName":"Ada","email":"a@example.com")");
  EXPECT_EQ(drain(), "ContactCreate ");
  api("PUT", "/contacts/" + id, R"({"city":"Austin"})");
  EXPECT_EQ(drain(), "ContactUpdate ");
  api("PUT", "/contacts/" + id, R"({"city":"Austin"})");
  EXPECT_EQ(drain(), "ContactUpdate ") << "a save without a change fires too";
  api("POST", "/contacts/" + id + "/tags", R"({"tags":["one"]})");
  EXPECT_EQ(drain(), "ContactTagUpdate ");
  api("POST", "/contacts/" + id + "/tags", R"({"tags":["one"]})");
  EXPECT_EQ(drain(), "");
  api("PUT", "/contacts/" + id, R"({"city":"Boston","tags":["two"],"dnd":true})");
  EXPECT_EQ(drain(), "ContactUpdate ContactTagUpdate ContactDndUpdate ");
  EXPECT_TRUE(last_body().get_object().contains("dndSettings"));
  api("DELETE", "/contacts/" + id);
  EXPECT_EQ(drain(), "ContactDelete ");
  EXPECT_EQ(string_member(last_body(), "email"), "a@example.com") << "the last state";
}

TEST_F(WebhooksTest, EventsOfOpportunityEdits) {
  const auto contact = create_contact(R"("email":"a@example.com")");
  const auto pipelines = api("GET", "/opportunities/pipelines?locationId=" + std::string(kLocation));
  const std::string pipeline(pipelines.at("pipelines.0.id").get_string());
  const std::string stage(pipelines.at("pipelines.0.stages.2.id").get_string());
  const auto deal = api(
      "POST", "/opportunities/",
      with_location(R"("name":"d","status":"open","pipelineId":")" + pipeline + R"(","contactId":")" + contact + "\""));
  EXPECT_EQ(drain(), "ContactCreate OpportunityCreate ");
  api("PUT", "/opportunities/" + std::string(deal.at("opportunity.id").get_string()),
      R"({"status":"won","monetaryValue":5,"assignedTo":"u","pipelineStageId":")" + stage + "\"}");
  EXPECT_EQ(drain(),
            "OpportunityUpdate OpportunityStageUpdate OpportunityStatusUpdate OpportunityMonetaryValueUpdate "
            "OpportunityAssignedToUpdate ");
  api("DELETE", "/contacts/" + contact);
  EXPECT_EQ(drain(), "OpportunityDelete ContactDelete ");
}

TEST_F(WebhooksTest, EventsOfNotesAndTasks) {
  const std::string path = "/contacts/" + create_contact(R"("email":"a@example.com")");
  const auto note = api("POST", path + "/notes", R"({"body":"x","title":"t"})");
  EXPECT_EQ(drain(), "ContactCreate NoteCreate ");
  EXPECT_FALSE(last_body().get_object().contains("title"));
  const auto task =
      api("POST", path + "/tasks", R"({"title":"x","dueDate":"2026-12-01T00:00:00.000Z","completed":false})");
  const std::string task_path = path + "/tasks/" + std::string(task.at("task.id").get_string());
  api("PUT", task_path, R"({"title":"y"})");
  api("PUT", task_path + "/completed", R"({"completed":true})");
  api("DELETE", task_path);
  EXPECT_EQ(drain(), "TaskCreate TaskComplete TaskDelete ");
}

TEST_F(WebhooksTest, PayloadIsFlatAndASnapshot) {
  const auto id = create_contact(R"("firstName":"Ada","email":"a@example.com")");
  const std::string created_at = to_iso8601(clock_.now());
  clock_.advance(1s);
  api("PUT", "/contacts/" + id, R"({"firstName":"Eve"})");
  const auto due = sandbox_.due_webhooks(clock_.now());
  ASSERT_EQ(due.size(), 2u);
  const Json first = *parse_json(due[0].request.body);
  EXPECT_EQ(string_member(first, "firstName"), "Ada") << "as it was when it fired";
  EXPECT_EQ(string_member(first, "locationId"), kLocation);
  EXPECT_EQ(string_member(first, "id"), id);
  EXPECT_EQ(string_member(first, "timestamp"), created_at);
  EXPECT_EQ(string_member(first, "appId"), "sandboxapp0000000001");
  EXPECT_EQ(string_member(first, "webhookId").size(), 36u);
  EXPECT_NE(string_member(first, "webhookId"), string_member(*parse_json(due[1].request.body), "webhookId"));
  EXPECT_EQ(due[0].request.target, "/hooks/ghl?x=1");
  EXPECT_EQ(due[0].request.headers.get("Host"), "127.0.0.1:9");
  EXPECT_TRUE(sandbox_.due_webhooks(clock_.now()).empty()) << "handed out once";
}

TEST_F(WebhooksTest, SignedWithTheKeyOfTheSeed) {
  create_contact(R"("email":"a@example.com")");
  drain();
  const auto pem = sandbox_.handle({"GET", "/_sandbox/public-key", {}, ""}).response.body;
  const std::string& body = last_.request.body;
  const auto signature = last_.request.headers.get("X-GHL-Signature");
  EXPECT_TRUE(verifies(pem, nullptr, body, signature));
  EXPECT_FALSE(verifies(pem, nullptr, body + " ", signature));
  EXPECT_FALSE(last_.request.headers.has("X-WH-Signature"));
  EXPECT_EQ(Signer::make(1, "")->ed25519_public_pem(), pem);
  EXPECT_NE(Signer::make(2, "")->ed25519_public_pem(), pem);
}

TEST(SignerTest, LegacyScheme) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_RSA_gen(2048), &EVP_PKEY_free);
  const std::unique_ptr<BIO, decltype(&BIO_free)> sink(BIO_new(BIO_s_mem()), &BIO_free);
  ASSERT_EQ(PEM_write_bio_PrivateKey(sink.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr), 1);
  std::string pem(static_cast<std::size_t>(BIO_pending(sink.get())), '\0');
  BIO_read(sink.get(), pem.data(), static_cast<int>(pem.size()));
  const auto signer = Signer::make(1, pem);
  ASSERT_TRUE(signer);
  EXPECT_TRUE(verifies(signer->rsa_public_pem(), EVP_sha256(), "body", signer->rsa_sha256("body")));
  EXPECT_FALSE(Signer::make(1, "nonsense"));
}

TEST_F(WebhooksTest, RetriesOnlyAfter429SixTimes) {
  create_contact(R"("email":"a@example.com")");
  unsigned attempts = 0;
  while (const auto due = sandbox_.next_due()) {
    if (attempts > 0) {
      EXPECT_GE(*due - clock_.now(), 10min);
      EXPECT_LE(*due - clock_.now(), 12min);
    }
    clock_.set(*due);
    ++attempts;
    EXPECT_EQ(drain(429), "ContactCreate ");
    EXPECT_EQ(last_.attempt, attempts);
  }
  EXPECT_EQ(attempts, 7u);
  for (const std::optional<unsigned> status :
       {std::optional<unsigned>(500), std::optional<unsigned>(404), std::optional<unsigned>()}) {
    create_contact("\"email\":\"b" + std::to_string(status.value_or(0)) + "@example.com\"");
    drain(status);
    EXPECT_FALSE(sandbox_.next_due()) << "final";
  }
  EXPECT_EQ(control("GET", "state").at("webhooks.givenUp").to_number<int>(), 4);
}

TEST_F(WebhooksTest, LateAndDoubleResultsChangeNothing) {
  create_contact(R"("email":"a@example.com")");
  drain(429);
  const auto due = sandbox_.next_due();
  sandbox_.webhook_result(last_.delivery_id, 200);
  EXPECT_EQ(sandbox_.next_due(), due) << "no attempt is under way";
  sandbox_.webhook_result(12345, 200);
}

class AnyFailureTest : public WebhooksTest {
 protected:
  static SandboxSettings any_failure() {
    SandboxSettings settings = listening();
    settings.webhooks.retry_rule = RetryRule::any_failure;
    settings.webhooks.retry_time_scale = 0.001;
    return settings;
  }
  AnyFailureTest() : WebhooksTest(any_failure()) {}
};

TEST_F(AnyFailureTest, BacksOffTwelveTimes) {
  create_contact(R"("email":"a@example.com")");
  unsigned attempts = 0;
  const Time start = clock_.now();
  while (const auto due = sandbox_.next_due()) {
    clock_.set(*due);
    ++attempts;
    drain(std::nullopt);
  }
  EXPECT_EQ(attempts, 13u);
  EXPECT_LT(clock_.now() - start, 3min) << "the time scale shortens hours";
}

TEST_F(WebhooksTest, LostDoubledDelayed) {
  control("PUT", "faults", R"({"webhook_lost":{"once":1,"only":"ContactCreate"}})");
  const auto id = create_contact(R"("email":"a@example.com")");
  EXPECT_EQ(drain(), "");
  control("PUT", "faults", R"({"webhook_doubled":{"once":1}})");
  api("PUT", "/contacts/" + id, R"({"city":"A"})");
  EXPECT_EQ(drain(), "ContactUpdate ContactUpdate ");
  control("PUT", "faults", R"({"webhook_delayed":{"once":1,"fixed_ms":60000}})");
  api("PUT", "/contacts/" + id, R"({"city":"B"})");
  api("POST", "/contacts/" + id + "/tags", R"({"tags":["t"]})");
  EXPECT_EQ(drain(), "ContactTagUpdate ") << "overtakes the delayed one";
  clock_.advance(60s);
  EXPECT_EQ(drain(), "ContactUpdate ");
}

TEST_F(WebhooksTest, AnUndatedEventDoesNotSayWhenItHappened) {
  for (const unsigned undated : {0u, 1u}) {
    control("PUT", "faults", R"({"webhook_undated":{"once":)" + std::to_string(undated) + "}}");
    create_contact(R"("firstName":"Ada")");
    EXPECT_EQ(drain(), "ContactCreate ");
    EXPECT_EQ(last_body().get_object().contains("timestamp"), undated == 0);
  }
}

TEST_F(WebhooksTest, RegistrationsChooseEventsAndLocations) {
  const auto added = control("POST", "webhooks", R"({"url":"http://h/","events":["ContactDelete"]})");
  EXPECT_EQ(added.status, 201u);
  const auto id = create_contact(R"("email":"a@example.com")");
  EXPECT_EQ(drain(), "ContactCreate ");
  api("DELETE", "/contacts/" + id);
  EXPECT_EQ(drain(), "ContactDelete ContactDelete ");
  EXPECT_EQ(control("DELETE", "webhooks/" + to_text(added.at("id"))).status, 200u);
  EXPECT_EQ(control("DELETE", "webhooks/" + to_text(added.at("id"))).status, 404u);
  EXPECT_EQ(control("POST", "webhooks", R"({"url":"ftp://h/"})").status, 400u);
}

}  // namespace
}  // namespace lockstep::gohighlevel::sandbox
