#include "net/detail/output_queue.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "net/detail/message_parser.hpp"

namespace lockstep::net::detail {
namespace {

std::shared_ptr<const std::string> shared(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

std::string joined(std::span<const std::string_view> pieces) {
  std::string text;
  for (const std::string_view piece : pieces) text += piece;
  return text;
}

TEST(OutputQueueTest, WhatWaitsTogetherBecomesOneChunk) {
  OutputQueue queue;
  queue.add("head ");
  queue.add_chunk(shared("aa"));
  queue.add_chunk(shared("bbb"));
  queue.add("tail");
  EXPECT_EQ(joined(queue.gather()), "head 5\r\naabbb\r\ntail");
}

TEST(OutputQueueTest, SharedBytesAreNotCopied) {
  OutputQueue queue;
  const auto payload = shared("payload");
  queue.add_chunk(payload);
  EXPECT_EQ(queue.gather()[1].data(), payload->data());
  EXPECT_EQ(payload.use_count(), 2);
  queue.consume(queue.pending_bytes());
  EXPECT_EQ(payload.use_count(), 1) << "given back as soon as it is written";
}

// However writes are cut up and whatever is added meanwhile: the reader gets every byte once, in order.
RC_GTEST_PROP(OutputQueueTest, EveryByteGoesOutOnceInOrder, ()) {
  OutputQueue queue;
  queue.add("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  std::string expected;
  std::string written;
  const auto write_some = [&] {
    const auto pieces = queue.gather();
    const std::string text = joined(pieces);
    RC_ASSERT(!text.empty());
    RC_ASSERT(text.size() <= queue.pending_bytes());
    const auto size = *rc::gen::inRange<std::size_t>(1, text.size() + 1);
    written += text.substr(0, size);
    queue.consume(size);
  };
  const int steps = *rc::gen::inRange(0, 60);
  for (int i = 0; i < steps; ++i) {
    if (*rc::gen::arbitrary<bool>()) {
      const std::string text(*rc::gen::inRange<std::size_t>(1, 40), static_cast<char>('a' + i % 26));
      expected += text;
      queue.add_chunk(shared(text));
    } else if (!queue.empty()) {
      write_some();
    }
  }
  queue.add("0\r\n\r\n");
  while (!queue.empty()) write_some();
  ResponseParser parser({});
  parser.reset(ResponseBody::as_framed);
  const ParseStep step = parser.put(written);
  RC_ASSERT(step.status == ParseStatus::done);
  RC_ASSERT(step.consumed == written.size());
  RC_ASSERT(parser.take().body == expected);
}

}  // namespace
}  // namespace lockstep::net::detail
