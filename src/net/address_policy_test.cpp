#include "net/address_policy.hpp"

#include <gtest/gtest.h>

namespace lockstep::net {
namespace {

TEST(AddressPolicyTest, PublicAddressesArePublic) {
  for (const char* address : {"8.8.8.8", "1.1.1.1", "172.15.255.255", "172.32.0.0", "100.63.255.255", "100.128.0.0",
                              "192.167.255.255", "223.255.255.255", "2606:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8",
                              "64:ff9b::8.8.8.8", "2002:808:808::1"}) {
    EXPECT_TRUE(is_public_address(address)) << address;
  }
}

TEST(AddressPolicyTest, InwardAddressesAreNot) {
  for (const char* address : {"127.0.0.1",
                              "127.255.255.255",
                              "0.0.0.0",
                              "10.1.2.3",
                              "172.16.0.1",
                              "172.31.255.255",
                              "192.168.1.1",
                              "169.254.169.254",
                              "100.64.0.1",
                              "100.100.100.200",
                              "192.0.0.192",
                              "168.63.129.16",
                              "224.0.0.1",
                              "255.255.255.255",
                              "198.18.0.1",
                              "198.19.255.255",
                              "203.0.113.9",
                              "::",
                              "::1",
                              "fe80::1",
                              "fe80::1%eth0",
                              "fc00::1",
                              "fd00:ec2::254",
                              "ff02::1",
                              "2001:db8::1",
                              "2001::1",
                              "::ffff:127.0.0.1",
                              "::ffff:169.254.169.254",
                              "64:ff9b::10.0.0.1",
                              "2002:7f00:1::1",
                              "::127.0.0.1",
                              "",
                              "localhost",
                              "127.1",
                              "0x7f000001"}) {
    EXPECT_FALSE(is_public_address(address)) << address;
  }
}

TEST(AddressPolicyTest, AnAllowedHostIsAllowedOnItsPortOnly) {
  const AddressPolicy policy{AddressReach::public_only, {{"cms.internal", 3000}}};
  EXPECT_TRUE(policy.permits("cms.internal", 3000, "10.0.0.5"));
  EXPECT_TRUE(policy.permits("CMS.internal", 3000, "10.0.0.5"));
  EXPECT_FALSE(policy.permits("cms.internal", 22, "10.0.0.5"));
  EXPECT_FALSE(policy.permits("other.internal", 3000, "10.0.0.5"));
  EXPECT_TRUE(policy.permits("other.internal", 3000, "8.8.8.8"));
}

TEST(AddressPolicyTest, AnyReachPermitsEverything) {
  EXPECT_TRUE((AddressPolicy{AddressReach::any, {}}.permits("localhost", 1, "127.0.0.1")));
}

}  // namespace
}  // namespace lockstep::net
