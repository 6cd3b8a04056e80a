# Downloads the files that a toolchain lacks into the current directory, where the internet can be
# reached. They are listed in missing.tsv beside this script. Then, from the same directory:
#   wheelyard toolchain --add TOOLCHAIN FILE...
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$list = Join-Path -Path $PSScriptRoot -ChildPath 'missing.tsv'
foreach ($line in Get-Content -LiteralPath $list -Encoding UTF8) {
    $name, $address, $sha256 = $line -split "`t"
    if (-not $name -or (Test-Path -LiteralPath $name)) { continue }
    $part = "$name.part"
    Invoke-WebRequest -Uri $address -OutFile $part -UseBasicParsing
    $actual = (Get-FileHash -LiteralPath $part -Algorithm SHA256).Hash.ToLowerInvariant()
    if ($sha256 -and $actual -ne $sha256) {
        throw "${name}: expected sha256 $sha256, got $actual"
    }
    Move-Item -LiteralPath $part -Destination $name
}
