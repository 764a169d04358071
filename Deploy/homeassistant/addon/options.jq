# The options of the add-on as a configuration of the service. Arguments: $folder, where everything is kept; $mqtt, the
# Supervisor's answer about its broker, or null.
def duration: "\(. / 3600 | floor | tostring | if length < 2 then "0" + . else . end):\(. % 3600 / 60 | floor | tostring | if length < 2 then "0" + . else . end):\(. % 60 | tostring | if length < 2 then "0" + . else . end)";
def questions($camera; $questions):
  [$questions[] | select(.camera == $camera)]
  | if length == 0 then [{ name: "person", ask: "Is there a person?", answer: "YesNo" }] else . end
  | map({ key: .name, value: (
      { Ask: .ask, Answer: .answer, Every: ((.every // (if .answer == "Text" then 30 else 2 end)) | duration) }
      + (if .choices then { Choices: [.choices | split(",")[] | gsub("^ +| +$"; "") | select(length > 0)] } else {} end)) })
  | from_entries;
. as $options
| ($options.model | ascii_downcase | split("/")[-1]) as $model
| ($options.broker // (if $mqtt then "\(if $mqtt.ssl then "mqtts" else "mqtt" end)://\($mqtt.host):\($mqtt.port)" else "embedded" end)) as $broker
| (if $options.broker then $options.user else $mqtt.username? end) as $user
| { MobileVlm: ({
      Node: "home-assistant",
      StateFolder: "\($folder)/state",
      Model: { Path: "\($folder)/models/\($model)" },
      Mqtt: ({ Broker: $broker, HomeAssistant: { Enabled: true } }
        + (if $user and $user != "" then { User: $user, PasswordFile: "\($folder)/mqtt-password" } else {} end)),
      # The Supervisor has checked the user of each request that it passes on.
      Http: { Listen: "0.0.0.0:8080", TokenFile: "\($folder)/state/http-tokens", TrustedProxies: ["172.30.32.2"] },
      Cameras: (
        if ($options.cameras | length) == 0
        then { gate: { Source: "/usr/lib/mobilevlm/demo/gate.mp4", Loop: true, Questions: questions("gate"; $options.questions) } }
        else [$options.cameras[] | { key: .name, value: { Source: .source, Questions: questions(.name; $options.questions) } }] | from_entries
        end) }
      + (if $options.history then { History: { Folder: "\($folder)/history", MaxMegabytes: 1000 } } else {} end)) }
