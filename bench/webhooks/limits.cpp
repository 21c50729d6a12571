#include "bench/webhooks/limits.hpp"

#include <fstream>
#include <sstream>

#include "bench/support/child.hpp"
#include "wire/signature.hpp"

namespace lockstep::bench {

double verifications_per_second(const Signer& signer, std::size_t body_bytes) {
  const std::string body(body_bytes, 'x');
  const std::string signature = signer.sign_base64(body);
  const auto key = wire::VerifyKey::ed25519(signer.public_key_base64());
  if (!key) give_up(key.error().message);
  const Nanoseconds start = now_ns();
  std::size_t count = 0;
  for (; now_ns() - start < 1'000'000'000; ++count) {
    if (!key->verify_base64(body, signature)) give_up("a good signature was refused");
  }
  return static_cast<double>(count) * 1e9 / static_cast<double>(now_ns() - start);
}

double health_requests_per_second(const Address& server, const Folder& folder) {
  if (!in_path("wrk")) return 0;
  const std::string text =
      run({{"wrk", "-t1", "-c64", "-d5s", server.origin() + "/healthz"}, folder.path(), folder.path() / "wrk.log"});
  const std::size_t at = text.find("Requests/sec:");
  return at == std::string::npos ? 0 : std::stod(text.substr(at + 13));
}

std::map<int, double> store_units_per_second(const Folder& folder) {
  const std::filesystem::path result = folder.path() / "store.json";
  run({{LOCKSTEP_STORE_BENCH, "--benchmark_filter=Commit/batch:[0-9]*/records:10000",
        "--benchmark_out=" + result.string()},
       folder.path(),
       folder.path() / "store.log",
       {{"LOCKSTEP_BENCH_FOLDER", folder.path()}}});
  std::ifstream file(result);
  std::ostringstream text;
  text << file.rdbuf();
  const auto json = parse_json(text.str());
  if (!json) give_up(json.error().message);
  std::map<int, double> out;
  for (const Json& one : json->at("benchmarks").as_array()) {
    const std::string name(string_member(one, "name"));
    const std::size_t at = name.find("batch:");
    if (at != std::string::npos) out[std::stoi(name.substr(at + 6))] = one.at("items_per_second").to_number<double>();
  }
  return out;
}

}  // namespace lockstep::bench
