// Every limit of the GoHighLevel connector, in one place.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/clock.hpp"

namespace lockstep::gohighlevel::limits {

inline constexpr std::size_t kResponseBytes = 16 << 20;
inline constexpr std::size_t kWebhookBytes = 512 << 10;
inline constexpr std::size_t kJsonDepth = 24;
inline constexpr std::size_t kPageContacts = 100;         // `limit` of GET /contacts/ goes to 100
inline constexpr std::size_t kFetchesAtOnce = 8;          // reads by id beside each other while a page is completed
inline constexpr std::size_t kOverlapRemembered = 1'000;  // observations of the overlap window kept in a cursor
inline constexpr std::size_t kVersionsRemembered = 20'000;
inline constexpr std::size_t kCustomFields = 5'000;  // of one location
inline constexpr std::size_t kPipelines = 1'000;
inline constexpr int kRefusedPropertyRounds = 3;  // a PUT is sent again without what the CRM refuses
inline constexpr std::size_t kRefusedPropertiesRemembered = 100;
inline constexpr Duration kCatalogAge = std::chrono::minutes(5);   // unknown fields are asked for again after this
inline constexpr Duration kTokenSpare = std::chrono::seconds(60);  // a token is renewed this long before its end

}  // namespace lockstep::gohighlevel::limits
