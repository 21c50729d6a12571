#include "net/detail/message_writer.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace lockstep::net::detail {
namespace {

TEST(MessageWriterTest, DatesAreAsInRfc9110) {
  EXPECT_EQ(http_date(Time(std::chrono::seconds(784111777))), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(http_date(Time(std::chrono::seconds(0))), "Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST(MessageWriterTest, FramingFollowsStatusAndKind) {
  const auto head = [](unsigned status, BodyFraming framing, Persistence persistence) {
    std::string out;
    append_response_head(out, {status, {}, "body"}, {framing, persistence, ""});
    return out;
  };
  EXPECT_EQ(head(200, BodyFraming::content_length, Persistence::keep_alive),
            "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(head(204, BodyFraming::content_length, Persistence::keep_alive), "HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(head(200, BodyFraming::chunked, Persistence::close),
            "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(head(599, BodyFraming::until_close, Persistence::close),
            "HTTP/1.1 599 Status\r\nConnection: close\r\n\r\n");
}

// Whatever the values hold, the reader sees the same number of headers and the same body.
RC_GTEST_PROP(MessageWriterTest, NoHeaderValueChangesTheMessage, (const std::string& value, const std::string& body)) {
  wire::HttpResponse response{200, {{"X-First", value}, {"X-Second", "2"}}, body};
  std::string bytes;
  append_response_head(bytes, response, {});
  bytes += body;
  ResponseParser parser({1 << 20, 10, 1 << 20});
  parser.reset(ResponseBody::as_framed);
  const ParseStep step = parser.put(bytes);
  RC_ASSERT(step.status == ParseStatus::done);
  RC_ASSERT(step.consumed == bytes.size());
  const wire::HttpResponse read = parser.take();
  RC_ASSERT(read.headers.items().size() == 3U);
  RC_ASSERT(read.headers.get("X-Second") == "2");
  RC_ASSERT(read.body == body);
}

// A request that passes the check arrives as it was written; the others are refused before a byte is sent.
RC_GTEST_PROP(MessageWriterTest, ARequestIsRefusedOrArrivesIntact,
              (const std::string& target, const std::string& value)) {
  const wire::HttpRequest request{"POST", "/" + target, {{"X-Value", value}}, "body"};
  if (request_trouble(request)) return;
  std::string bytes;
  append_request_head(bytes, request, "example.org");
  bytes += request.body;
  RequestParser parser({1 << 20, 10, 1 << 20});
  const ParseStep step = parser.put(bytes);
  RC_ASSERT(step.status == ParseStatus::done);
  RC_ASSERT(step.consumed == bytes.size());
  const wire::HttpRequest read = parser.take();
  RC_ASSERT(read.target == request.target);
  RC_ASSERT(read.headers.items().size() == 3U);
  RC_ASSERT(read.body == "body");
}

}  // namespace
}  // namespace lockstep::net::detail
