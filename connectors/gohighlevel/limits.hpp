// Every limit of the GoHighLevel connector, in one place.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/clock.hpp"

namespace lockstep::gohighlevel::limits {

inline constexpr std::size_t kResponseBytes = 16 << 20;
inline constexpr std::size_t kWebhookBytes = 512 << 10;
inline constexpr std::size_t kJsonDepth = 24;
inline constexpr std::size_t kPageContacts = 100;  // `limit` of GET /contacts/ goes to 100
inline constexpr std::size_t kPageShop = 100;      // orders, transactions, products, reviews; 10 if not asked
inline constexpr std::size_t kTailRows = 5;        // of a page of them that the next one shows again
inline constexpr std::size_t kTurns = 20;          // pages of them that may show nothing new
inline constexpr std::size_t kScanRows = 20'000;   // of a list that is read for one of its items
inline constexpr std::size_t kListCompletes = 5;   // rows that a page of the list must complete, or they are read by id
inline constexpr std::size_t kFetchesAtOnce = 8;   // reads by id beside each other while a page is completed
inline constexpr std::size_t kOverlapRemembered = 1'000;  // observations of the overlap window kept in a cursor
inline constexpr std::size_t kVersionsRemembered = 20'000;
inline constexpr std::size_t kCustomFields = 5'000;  // of one location
inline constexpr std::size_t kPipelines = 1'000;
inline constexpr int kRefusedPropertyRounds = 3;  // a PUT is sent again without what the CRM refuses
inline constexpr std::size_t kRefusedPropertiesRemembered = 100;
inline constexpr Duration kCatalogAge = std::chrono::minutes(5);   // unknown fields are asked for again after this
inline constexpr Duration kScanAge = std::chrono::seconds(5);      // a list that was read for one item serves others
inline constexpr Duration kTokenSpare = std::chrono::seconds(60);  // a token is renewed this long before its end

}  // namespace lockstep::gohighlevel::limits
