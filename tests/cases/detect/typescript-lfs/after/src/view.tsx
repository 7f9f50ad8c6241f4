version https://git-lfs.github.com/spec/v1
oid sha256:9f266fb1983b536d21f9ee325560a58e4b07fa04765579c8277c192495860782
size 90
